# SPDX-License-Identifier: Apache-2.0
"""What some images have behind their checksum, to be proved by: a CRC-32 or a SHA-256 (IMAGE-11, IMAGE-12).

Neither says that it is there. So which one to look for is told by the image, and what reads as erased flash,
or is not long enough, is none. A digest tells the RTOS SDK's form from the other that begins as it does.
"""

import hashlib
from dataclasses import dataclass

from esprom.image.layout import IMAGE_CRC, IMAGE_DIGEST, image_crc
from esprom.image.segments import MAPPED, FirmwareImage
from esprom.protocol.record import Overlay

CRC_SIZE = Overlay(*IMAGE_CRC.layout).size
DIGEST_SIZE = Overlay(*IMAGE_DIGEST.layout).size


@dataclass(frozen=True, slots=True)
class Trailer:
    """What was found behind an image.

    Attributes:
        kind: "crc32" or "sha256".
        stated: the bytes, as they stand there.
        good: whether they are those of the image.
    """

    kind: str
    stated: bytes
    good: bool


def trailer(data: bytes, image: FirmwareImage) -> Trailer | None:
    """Return what stands behind the image that `data` begins with; None where there is nothing."""
    if image.version == 2:
        stated = data[image.size : image.size + CRC_SIZE]
        if not _is_there(stated, CRC_SIZE):
            return None
        return Trailer("crc32", stated, IMAGE_CRC.parse(stated).crc == image_crc(data[: image.size]))
    if not any(segment.address in MAPPED for segment in image.segments):
        return None
    stated = data[image.size : image.size + DIGEST_SIZE]
    if not _is_there(stated, DIGEST_SIZE):
        return None
    return Trailer("sha256", stated, stated == hashlib.sha256(data[: image.size]).digest())


def form_of(image: FirmwareImage, behind: Trailer | None, size: int) -> int:
    """Return the form of an image in a file of `size` bytes.

    Others than the RTOS SDK's may have a mapped segment too. So its digest must be right, or end the file.
    """
    if behind is None or behind.kind != "sha256":
        return image.version
    return 3 if behind.good or image.size + len(behind.stated) == size else 1


def _is_there(stated: bytes, size: int) -> bool:
    return len(stated) == size and stated != b"\xff" * size
