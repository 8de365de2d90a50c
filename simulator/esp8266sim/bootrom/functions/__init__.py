# SPDX-License-Identifier: Apache-2.0
"""The functions of the ROM, by subject; each module has its table FUNCTIONS."""
