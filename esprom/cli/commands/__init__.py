# SPDX-License-Identifier: Apache-2.0
"""One function per command. Each prints its lines as it goes and returns the facts for `--json`."""
