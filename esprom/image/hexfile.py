# SPDX-License-Identifier: Apache-2.0
"""Intel HEX, by the package intelhex: text in which every piece of data has its address.

intelhex is loaded when the first file is read or written.
"""

import io
from collections.abc import Iterable

from esprom.errors import ImageError
from esprom.image.layout import Segment

FIRST_BYTE = b":"


def is_hex(data: bytes) -> bool:
    """Tell whether a file is Intel HEX, as tools do: by its first byte."""
    return data[:1] == FIRST_BYTE


def parse_hex(data: bytes) -> tuple[Segment, ...]:
    """Return the runs of data without a gap, by address. Raises ImageError."""
    from intelhex import IntelHex, IntelHexError

    found = IntelHex()
    try:
        found.loadhex(io.StringIO(data.decode("ascii")))
    except (IntelHexError, UnicodeDecodeError) as exc:
        raise ImageError(f"the file begins like Intel HEX, and is none, or damaged: {exc}") from exc
    runs = found.segments()
    if not runs:
        raise ImageError("there is no data in the Intel HEX file")
    return tuple(Segment(start, bytes(found.tobinarray(start=start, end=end - 1))) for start, end in runs)


def build_hex(segments: Iterable[Segment]) -> bytes:
    """Return pieces of data as Intel HEX. They must not overlap."""
    from intelhex import IntelHex

    made, text = IntelHex(), io.StringIO()
    for segment in segments:
        made.puts(segment.address, segment.data)
    made.write_hex_file(text, eolstyle="native")
    return text.getvalue().encode("ascii")
