# SPDX-License-Identifier: Apache-2.0
"""The chip around the CPU: memory map and peripherals."""
