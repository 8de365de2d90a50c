# SPDX-License-Identifier: Apache-2.0
"""Seeing the wire: record what host and chip say, read it, and play it back (specs/wire.md).

Bytes go through `splitting` (runs), `privacy` (what is left out) and `pcapng` (the file), and come back by
`loading`, `decode` (messages), `folding` and `page`. `recording` and `serving` are the I/O.
"""
