# SPDX-License-Identifier: Apache-2.0
"""esprom."""

from esprom._version import __version__

__all__ = ["__version__"]
