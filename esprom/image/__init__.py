# SPDX-License-Identifier: Apache-2.0
"""What lies in a flash: firmware images, their headers and segments."""

from esprom.image.header import (
    HEADER_FREQUENCIES,
    HEADER_MODES,
    HEADER_SIZES,
    FlashHeader,
    edit_header,
    flash_header,
)
from esprom.image.layout import MAGICS, Segment
from esprom.image.segments import FirmwareImage, parse_image
from esprom.image.trailer import Trailer, trailer

__all__ = [
    "HEADER_FREQUENCIES",
    "HEADER_MODES",
    "HEADER_SIZES",
    "MAGICS",
    "FirmwareImage",
    "FlashHeader",
    "Segment",
    "Trailer",
    "edit_header",
    "flash_header",
    "parse_image",
    "trailer",
]
