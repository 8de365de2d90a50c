# SPDX-License-Identifier: Apache-2.0
"""Erasing: the whole flash, or whole sectors of it and nothing beside them."""

from collections.abc import Callable
from typing import Any

import click

from esprom.cli.bounds import SECTOR, extent_in_flash
from esprom.cli.group import command
from esprom.cli.output import Facts
from esprom.cli.session import Session
from esprom.cli.values import ADDRESS, EXTENT, Extent

HALF_ERASED = "part of what was to be erased may still be there; run the same command again to finish"


def unprotect_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--unprotect` to a command that changes the flash."""
    add = click.option("--unprotect", is_flag=True, help="Lift the flash chip's write protection first.")
    return add(function)


def _accepted_force(function: Callable[..., Any]) -> Callable[..., Any]:
    """Esptool's erase commands have `--force`, for chips that are not ours; scripts may say it."""
    return click.option("--force", is_flag=True, hidden=True, expose_value=False)(function)


@command("erase-flash")
@unprotect_option
@_accepted_force
def erase_flash(session: Session, unprotect: bool) -> Facts:
    """Erase the whole flash."""
    with session.device() as device:
        size = device.flash().size
        with session.change(device, HALF_ERASED) as job:
            device.erase_flash(unprotect=unprotect, progress=job.progress, cancel=job.cancel)
    session.output.result(f"Erased the whole flash, {size} bytes")
    return {"offset": 0, "size": size}


@command("erase-region")
@click.argument("offset", metavar="ADDRESS", type=ADDRESS)
@click.argument("extent", metavar="SIZE", type=EXTENT)
@unprotect_option
@_accepted_force
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
        with session.change(device, HALF_ERASED) as job:
            device.erase_region(offset, size, unprotect=unprotect, progress=job.progress, cancel=job.cancel)
    session.output.result(f"Erased {size} bytes from {offset:#010x}")
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
