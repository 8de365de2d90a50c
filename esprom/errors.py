# SPDX-License-Identifier: Apache-2.0
"""Everything esprom raises on purpose.

    EspromError                 1  anything else that went wrong
    ├── PortError               3  the port cannot be opened, or it vanished
    ├── NoResponse              4  nothing, or nothing sensible, came back in time
    ├── ProtocolError           4  the peer broke the rules of the protocol
    │   └── MalformedPacket        bytes that do not parse as what was expected
    ├── CommandFailed           5  the device answered, and said no
    ├── FlashProtected          5  the flash chip's protection bits forbid it
    ├── VerifyFailed            6  what was read differs from what should be there
    ├── RecordingDiffers        6  a client says something else than a recording that is replayed to it
    ├── EdgeLost                1  bytes beside what was written were erased, and could not be put back
    ├── ImageError              1  a file is not what it should be
    │   └── FileError           2  a file that is named is missing, empty, or not to be read or written
    ├── Refused                 1  esprom will not do it unless told to (`--force` and its kin)
    └── Cancelled             130  the caller's cancel callback said so
        └── Unfinished          7  the same, and what was done is kept: the same command goes on from there

The number is the exit code of the command line; with 0 (done), 2 (usage) and 130 (Ctrl-C) that is the
whole table, and it is stable. Usage is what can be seen before any work: the words, the files that they
name (missing, empty, not to be written to, read and written at once), and what of them is to go where
(Intel HEX that is damaged, pieces that overlap). Where looking into a file is the work, and it is no image
or no program, that is an `ImageError`. A caller's own mistake is a `ValueError`. From bytes off the wire
only `EspromError` may come out.

Messages are one line: what happened, what it means, what to do next. Facts are attributes.
"""


class EspromError(Exception):
    """Base of all errors that esprom raises on purpose."""

    exit_code = 1


class PortError(EspromError):
    """The port cannot be opened, or vanished while in use."""

    exit_code = 3

    def __init__(self, message: str, *, port: str) -> None:
        super().__init__(message)
        self.port = port


class NoResponse(EspromError):
    """No answer came in time.

    Attributes:
        asked: what was asked, in the protocol's terms.
        waited_s: how long was waited, in seconds of the port's clock.
        received: what did arrive meanwhile (boot log, garbage), as bytes.
        cause: why, as far as that tells: a value of `esprom.port.silence.Cause`, or nothing.
    """

    exit_code = 4

    def __init__(
        self, message: str, *, asked: str, waited_s: float, received: bytes = b"", cause: str = ""
    ) -> None:
        super().__init__(message)
        self.cause = cause
        self.asked = asked
        self.waited_s = waited_s
        self.received = received


class ProtocolError(EspromError):
    """The peer broke the rules of the protocol."""

    exit_code = 4


class MalformedPacket(ProtocolError):
    """Bytes that do not parse as the packet they should be."""


class CommandFailed(EspromError):
    """The device answered with a failure status.

    Attributes:
        command: name of the command, as the protocol calls it.
        status: first status byte (0 would have been success).
        error: second status byte: the ROM loader's reason.
    """

    exit_code = 5

    def __init__(self, message: str, *, command: str, status: int, error: int) -> None:
        super().__init__(message)
        self.command = command
        self.status = status
        self.error = error


class FlashProtected(EspromError):
    """The flash chip's block protection is on.

    Attributes:
        status: the chip's status registers, first register in the low byte.
    """

    exit_code = 5

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(message)
        self.status = status


class VerifyFailed(EspromError):
    """The flash does not hold what it should.

    Attributes:
        address: flash address of the first byte that differs.
    """

    exit_code = 6

    def __init__(self, message: str, *, address: int) -> None:
        super().__init__(message)
        self.address = address


class RecordingDiffers(EspromError):
    """What a client says differs from what was recorded.

    Attributes:
        message: which of its messages, counted from 1.
    """

    exit_code = 6

    def __init__(self, message_text: str, *, message: int) -> None:
        super().__init__(message_text)
        self.message = message


class EdgeLost(EspromError):
    """A write ended between erasing a sector and programming it, and could not put back what stood there.

    The bytes exist nowhere but here: save them before anything else.

    Attributes:
        kept: what the flash held beside the written range, by its address.
    """

    def __init__(self, message: str, *, kept: dict[int, bytes]) -> None:
        super().__init__(message)
        self.kept = kept


class ImageError(EspromError):
    """A file or image is not what it should be."""


class FileError(ImageError):
    """A file that is named is missing, empty, or not to be read or written: known before any work."""

    exit_code = 2


class Refused(EspromError):
    """esprom will not do this unless told that it is meant."""


class Cancelled(EspromError):
    """The caller's cancel callback asked to stop."""

    exit_code = 130


class Unfinished(Cancelled):
    """The caller's cancel callback asked to stop, and what was done is kept.

    Attributes:
        kept: the file that the same command will go on from.
    """

    exit_code = 7

    def __init__(self, message: str, *, kept: str) -> None:
        super().__init__(message)
        self.kept = kept
