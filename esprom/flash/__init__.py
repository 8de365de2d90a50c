# SPDX-License-Identifier: Apache-2.0
"""Arithmetic and data of SPI NOR flash: geometry, JEDEC ids, the SFDP layout. Nothing here acts."""
