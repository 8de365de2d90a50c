# SPDX-License-Identifier: Apache-2.0
"""What jobs of several steps ask of a board: the few things of `esprom.Device` that they use.

Written down so that backup, restore and `esprom.writing` can be read, typed and tested without the rest.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from esprom.chip import ChipInfo
from esprom.image import Segment
from esprom.operations import FlashInfo, Keep
from esprom.progress import CancelCallback, ProgressCallback
from esprom.proving import Guess, ProvedRead


class ConnectedBoard(Protocol):
    """A board that is connected and answers."""

    @property
    def chip(self) -> ChipInfo:
        """Which chip it is."""

    @property
    def baud(self) -> int:
        """The rate of the line."""

    @property
    def loader(self) -> str:
        """Which loader answers: "rom", or the name of a stub."""

    def flash(self) -> FlashInfo:
        """Find out which flash it has."""

    def read_flash_proved(
        self,
        offset: int,
        size: int,
        *,
        reread: bool = False,
        guess: Guess | None = None,
        keep: Keep = lambda at, data: None,
        progress: ProgressCallback | None = None,
        cancel: CancelCallback | None = None,
    ) -> ProvedRead:
        """Read, and make sure that what was read is what is there."""

    def write_flash(
        self,
        offset: int,
        data: bytes,
        *,
        unprotect: bool = False,
        progress: ProgressCallback | None = None,
        cancel: CancelCallback | None = None,
    ) -> None:
        """Write, and read back. Raises VerifyFailed, FlashProtected."""

    def write_sectors(
        self,
        sectors: Mapping[int, bytes],
        *,
        unprotect: bool = False,
        progress: ProgressCallback | None = None,
        cancel: CancelCallback | None = None,
    ) -> None:
        """Write whole sectors, by their address, in this order."""

    def verify_flash(
        self,
        offset: int,
        data: bytes,
        *,
        progress: ProgressCallback | None = None,
        cancel: CancelCallback | None = None,
    ) -> None:
        """Compare. Raises VerifyFailed."""

    def check_protection(self) -> None:
        """Raise FlashProtected if the flash chip's block protection is on."""

    def differing_sectors(
        self,
        offset: int,
        data: bytes,
        *,
        progress: ProgressCallback | None = None,
        cancel: CancelCallback | None = None,
    ) -> dict[int, bytes]:
        """Return what the flash holds in the sectors that do not hold their part of `data`."""


class WritableBoard(ConnectedBoard, Protocol):
    """The same, with what `esprom.writing` asks of it besides."""

    def check_size(self, end: int) -> None:
        """Raise Refused if the flash seems to end before `end`."""

    def erase_flash(
        self,
        *,
        unprotect: bool = False,
        progress: ProgressCallback | None = None,
        cancel: CancelCallback | None = None,
    ) -> None:
        """Erase the whole chip."""

    def write_pieces(
        self,
        pieces: Sequence[Segment],
        *,
        unprotect: bool = False,
        progress: ProgressCallback | None = None,
        cancel: CancelCallback | None = None,
    ) -> frozenset[int]:
        """Write, and read back. Return the addresses of the sectors that were rewritten."""
