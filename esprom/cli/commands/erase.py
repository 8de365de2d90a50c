# SPDX-License-Identifier: Apache-2.0
"""Erasing: the whole flash, or whole sectors of it and nothing beside them."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

import esprom
from esprom.cli.bounds import SECTOR, extent_in_flash
from esprom.cli.esptool_lines import timed
from esprom.cli.foreign import accepted, usual_flash
from esprom.cli.group import command
from esprom.cli.output import Facts
from esprom.cli.session import Session
from esprom.cli.values import ADDRESS, EXTENT, Extent

HALF_ERASED = "part of what was to be erased may still be there; run the same command again to finish"


def unprotect_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--unprotect` to a command that changes the flash."""
    add = click.option("--unprotect", is_flag=True, help="Lift the flash chip's write protection first.")
    return add(function)


force_for_others = accepted("--force")  # esptool has it for chips that are not ours; scripts may say it


@command("erase-flash")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@unprotect_option
@usual_flash
@force_for_others
def erase_flash(session: Session, yes: bool, unprotect: bool) -> Facts:
    """Erase the whole flash.

    On a terminal, esprom says whether a proven backup of this board is in the current folder, and asks;
    elsewhere it says so and does it.
    """
    with session.device() as device:
        size = device.flash().size
        backups = esprom.backups_at_hand(Path(), device.chip.mac)
        session.confirm(erasing_all(device, backups), yes=yes)
        with session.change(device, HALF_ERASED) as job, timed(device) as taken:
            device.erase_flash(unprotect=unprotect, progress=job.progress, cancel=job.cancel)
    took = f"in {taken.seconds:.1f} seconds."
    session.output.say(
        f"Flash memory erased successfully {took}", old=f"Chip erase completed successfully {took}"
    )
    return {"offset": 0, "size": size, "backup": str(backups[0].image) if backups else None}


def erasing_all(device: "esprom.Device", backups: "Sequence[esprom.BackupAtHand] | None" = None) -> str:
    """Say what is about to be done, and what can bring the flash back. `backups`: of the board, if known."""
    mac = device.chip.mac
    found = esprom.backups_at_hand(Path(), mac) if backups is None else backups
    return f"erase the whole flash of {mac}, {esprom.size_name(device.flash().size)}; {_rescue(found)}"


def _rescue(backups: "Sequence[esprom.BackupAtHand]") -> str:
    """Say what the newest of the board's backups is, or what it means that there is none."""
    if not backups:
        return "no proven backup of this board is in this folder, and what is erased is gone"
    newest = backups[0]
    return f"a proven backup of it is at hand: {newest.image}, of {newest.manifest.time:%Y-%m-%d %H:%M} UTC"


@command("erase-region")
@click.argument("offset", metavar="ADDRESS", type=ADDRESS)
@click.argument("extent", metavar="SIZE", type=EXTENT)
@unprotect_option
@usual_flash
@force_for_others
def erase_region(session: Session, offset: int, extent: Extent, unprotect: bool) -> Facts:
    """Erase whole sectors, and nothing beside them.

    ADDRESS and SIZE are multiples of 4096 (0x1000); SIZE may be `all`: all from ADDRESS on.
    """
    options = ["--unprotect"] if unprotect else []
    _check_aligned(session, offset, extent, options)
    with session.device() as device:
        size = extent_in_flash(
            offset,
            extent,
            device.flash(),
            lambda fitting: session.command("erase-region", *options, f"{offset:#x}", fitting),
        )
        if size == device.flash().size:
            session.output.note(f"about to {erasing_all(device)}")
        if extent == "all":
            session.output.result(f"Detected flash size: {esprom.size_name(device.flash().size)}")
        with session.change(device, HALF_ERASED) as job, timed(device) as taken:
            device.erase_region(offset, size, unprotect=unprotect, progress=job.progress, cancel=job.cancel)
    took = f"in {taken.seconds:.1f} seconds."
    session.output.say(
        f"Flash memory region erased successfully {took}", old=f"Erase completed successfully {took}"
    )
    return {"offset": offset, "size": size}


def _check_aligned(session: Session, offset: int, extent: Extent, options: list[str]) -> None:
    """Raise UsageError, with the command that erases all sectors that are touched."""
    end = offset if extent == "all" else offset + extent
    if offset % SECTOR == 0 and end % SECTOR == 0:
        return
    start = offset - offset % SECTOR
    whole = "all" if extent == "all" else f"{end + -end % SECTOR - start:#x}"
    command_line = session.command("erase-region", *options, f"{start:#x}", whole)
    raise click.UsageError(
        f"flash is erased in sectors of {SECTOR:#x} bytes, and ADDRESS and SIZE are not multiples of that; "
        f"to erase all sectors that this touches, type: {command_line}"
    )
