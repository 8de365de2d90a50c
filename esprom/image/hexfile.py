# SPDX-License-Identifier: Apache-2.0
"""Intel HEX, by the package intelhex: text in which every piece of data has its address.

intelhex is loaded when the first file is read or written.
"""

import io
from collections.abc import Iterable
from typing import TYPE_CHECKING

from esprom.errors import ImageError
from esprom.image.layout import Segment

if TYPE_CHECKING:
    from intelhex import IntelHex

FIRST_BYTE = b":"
LONGER_THAN_A_RECORD = 1024  # characters; the longest has 521


def is_hex(data: bytes) -> bool:
    """Tell whether a file is Intel HEX: its first line is a record. A `:` is the first byte of others too."""
    if not data.startswith(FIRST_BYTE):
        return False
    try:
        _loaded(data[:LONGER_THAN_A_RECORD].splitlines()[0])
    except ImageError:
        return False
    return True


def parse_hex(data: bytes) -> tuple[Segment, ...]:
    """Return the runs of data without a gap, by address. Raises ImageError."""
    found = _loaded(data)
    runs = found.segments()
    if not runs:
        raise ImageError("there is no data in the Intel HEX file")
    return tuple(Segment(start, bytes(found.tobinarray(start=start, end=end - 1))) for start, end in runs)


def _loaded(data: bytes) -> "IntelHex":
    from intelhex import IntelHex, IntelHexError

    found = IntelHex()
    try:
        found.loadhex(io.StringIO(data.decode("ascii"), newline=None))  # lines may end in CR alone
    except (IntelHexError, UnicodeDecodeError) as exc:
        raise ImageError(f"the Intel HEX is damaged: {exc}") from exc
    return found


def build_hex(segments: Iterable[Segment]) -> bytes:
    """Return pieces of data as Intel HEX. They must not overlap."""
    from intelhex import IntelHex

    made, text = IntelHex(), io.StringIO()
    for segment in segments:
        made.puts(segment.address, segment.data)
    made.write_hex_file(text, eolstyle="native")
    return text.getvalue().encode("ascii")
