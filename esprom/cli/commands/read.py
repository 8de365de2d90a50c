# SPDX-License-Identifier: Apache-2.0
"""read-flash: a stretch of flash into a file, read twice: the second time by the chip alone, where it can."""

import hashlib
from pathlib import Path

import click

import esprom
from esprom.cli.bounds import extent_in_flash
from esprom.cli.esptool_lines import rate, timed
from esprom.cli.foreign import usual_flash
from esprom.cli.group import command
from esprom.cli.output import Facts
from esprom.cli.session import Job, Session
from esprom.cli.values import ADDRESS, EXTENT, OUTPUT_FILE, Extent, amount, duration
from esprom.cli.words import FlashCommand

USUAL_BAUD = 115200
LONG_S = 60  # worth a hint
AT_ONCE = 0x10000  # bytes; so few need no announcement, and no measuring of the line


@command("read-flash", cls=FlashCommand)
@click.argument("offset", metavar="ADDRESS", type=ADDRESS)
@click.argument("extent", metavar="SIZE", type=EXTENT)
@click.argument("file", type=OUTPUT_FILE)
@usual_flash
@click.option("--flash-size", "-fs", hidden=True, expose_value=False)
def read_flash(session: Session, offset: int, extent: Extent, file: Path) -> Facts:
    """Read a stretch of flash into a file.

    SIZE is in hex, decimal, or like 4MB and 512KB; or `all`. An existing FILE is replaced. All is read twice:
    the second time the stub loader only tells digests; with `--loader rom` it takes as long as the first. To
    keep a firmware safe, use `esprom backup`: its proof is kept beside the file.
    """
    session.output.leave_stdout_to(file)
    with session.device() as device:
        size = extent_in_flash(
            offset,
            extent,
            device.flash(),
            lambda fitting: session.command("read-flash", f"{offset:#x}", fitting, str(file)),
        )
        if extent == "all":
            session.output.result(f"Detected flash size: {esprom.size_name(device.flash().size)}")
        if size > AT_ONCE:
            announce(session, device, size, passes=1 if device.loader != "rom" else 2)
        with session.job() as job, timed(device) as taken:
            data = _read(device, offset, size, job)
    esprom.save(file, data, overwrite=True)
    took = f"in {taken.seconds:.1f} seconds ({rate(size, taken.seconds)})"
    session.output.say(
        f"Read {size} bytes from {offset:#010x} {took} to '{file}'.",
        old=f"Read {size} bytes at {offset:#010x} {took}...",
    )
    return {
        "offset": offset,
        "size": size,
        "file": str(file),
        "sha256": hashlib.sha256(data).hexdigest(),
    }


def _read(device: "esprom.Device", offset: int, size: int, job: Job) -> bytes:
    """Read so that a byte which is damaged on its way is noticed, and a cell which is misread."""
    proved = device.read_flash_proved(offset, size, reread=True, progress=job.progress, cancel=job.cancel)
    return proved.data


def announce(session: Session, device: "esprom.Device", size: int, *, passes: int = 1) -> None:
    """Say how long a read will take, what makes it take so long, and what would make it quicker."""
    estimate = device.estimate_read(size)
    seconds = estimate.seconds * passes
    twice = {1: "", 2: " twice"}[passes]
    session.output.note(
        f"reading {amount(size)}{twice} will take about {duration(seconds)}: "
        f"{amount(estimate.bytes_per_s)}/s, set by {estimate.reason}"
    )
    if seconds > LONG_S and device.baud <= USUAL_BAUD:
        session.output.note(
            "--baud auto takes the highest rate that the adapter and the wires carry"
            if device.loader != "rom"
            else f"--baud {4 * USUAL_BAUD} is about {4 * USUAL_BAUD // device.baud} times as quick, "
            "if the adapter and the wires carry it"
        )
