# SPDX-License-Identifier: Apache-2.0
"""The only I/O of the simulator: how a board is reached from outside."""
