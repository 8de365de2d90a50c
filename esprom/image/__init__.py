# SPDX-License-Identifier: Apache-2.0
"""What lies in a flash: firmware images, their headers and segments."""

from esprom.image.details import ImageDetails, SegmentDetails, image_details
from esprom.image.editing import edit_header, edit_image
from esprom.image.elf import Program, parse_elf
from esprom.image.header import FlashHeader, flash_header
from esprom.image.hexfile import build_hex, is_hex, parse_hex
from esprom.image.layout import MAGICS, Segment
from esprom.image.making import ImageFile, make_image, program_images
from esprom.image.merging import file_pieces, merge_hex, merge_raw, merge_uf2
from esprom.image.segments import FirmwareImage, parse_image
from esprom.image.trailer import Trailer, trailer
from esprom.image.uf2 import is_uf2, parse_uf2

__all__ = [
    "MAGICS",
    "FirmwareImage",
    "FlashHeader",
    "ImageDetails",
    "ImageFile",
    "Program",
    "Segment",
    "SegmentDetails",
    "Trailer",
    "build_hex",
    "edit_header",
    "edit_image",
    "file_pieces",
    "flash_header",
    "image_details",
    "is_hex",
    "is_uf2",
    "make_image",
    "merge_hex",
    "merge_raw",
    "merge_uf2",
    "parse_elf",
    "parse_hex",
    "parse_image",
    "parse_uf2",
    "program_images",
    "trailer",
]
