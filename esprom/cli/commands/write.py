# SPDX-License-Identifier: Apache-2.0
"""Files and the flash: write-flash, verify-flash. All files are checked before the flash is touched."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

import click

import esprom
from esprom.cli import completing
from esprom.cli.commands.erase import erasing_all, unprotect_option
from esprom.cli.esptool_lines import rate
from esprom.cli.foreign import accepted, usual_flash, without_encryption
from esprom.cli.group import command
from esprom.cli.output import Facts
from esprom.cli.parts import HeaderEdit, Part, Placed, part_arguments, prepared
from esprom.cli.session import Session
from esprom.cli.values import INPUT_FILE, count
from esprom.cli.words import FlashCommand
from esprom.errors import ImageError, VerifyFailed

HALF_WRITTEN = "the flash may be part old, part new; run the same command again to finish"
NOTHING_HELD = "skip"  # instead of a file, of one whose former content nobody has
SHOWN = 8  # bytes of a difference
RANGES = 32  # that are listed


@command("write-flash", cls=FlashCommand)
@part_arguments
@click.option("--force", is_flag=True, help="Write, although -fs is not the size that the flash has.")
@click.option("--erase-all", "-e", is_flag=True, help="Erase the whole flash first.")
@click.option("--skip-flashed", "-s", is_flag=True, help="Leave alone what the flash holds already.")
@click.option(
    "--diff-with",
    "believed",
    multiple=True,
    metavar="OLD...",
    shell_complete=completing.files,
    help="What the flash holds now, a file for each FILE, or skip: only sectors that differ are written."
    " Verified is all; where it was not so, all is written. The stub loader finds out for itself.",
)
@unprotect_option
@usual_flash
@without_encryption
@accepted("--compress", "-z")
@accepted("--no-compress", "-u")
@accepted("--verify")
@accepted("--trust-flash-content", "--no-diff-verify")
def write_flash(
    session: Session,
    placed: Placed,
    edit: HeaderEdit,
    *,
    force: bool,
    erase_all: bool,
    skip_flashed: bool,
    believed: tuple[str, ...],
    unprotect: bool,
) -> Facts:
    """Write files to the flash, and verify them.

    Exactly the bytes of each FILE are written at its ADDRESS: what is beside them in the same sector
    stays. Intel HEX goes to its own addresses. -fs, -fm and -ff edit the header of an image for 0x0.
    """
    held = _held(placed, believed)
    for part in placed.parts:
        if part.offset == 0 and (harm := _harm(part.data)):
            session.output.note(f"warning: {part.file} begins like firmware, but {harm}; written as it is")
    with session.device() as device:
        ready = prepared(session, placed.parts, edit, device.flash(), force=force)
        if erase_all:
            session.output.note(f"about to {erasing_all(device)}")
        with session.change(device, HALF_WRITTEN) as job:
            written = device.write_parts(
                [part.segment for part in ready],
                erase_all=erase_all,
                skip_present=skip_flashed,
                believed=held,
                unprotect=unprotect,
                progress=job.progress,
                cancel=job.cancel,
            )
    if erase_all:
        session.output.say("Flash memory erased successfully.", old="Chip erase completed successfully.")
    for part, done in zip(ready, written, strict=True):
        _tell(session, part, done, asked=skip_flashed or bool(held))
    return {
        "written": [
            {**part.facts(), "present": done.present} for part, done in zip(ready, written, strict=True)
        ],
        "erased_all": erase_all,
        "verified": True,
    }


def _tell(session: Session, part: Part, done: "esprom.WrittenPart", *, asked: bool) -> None:
    """Say what became of a part. `asked`: to look for what is there before it is written."""
    if done.present and not asked:  # scripts look for "Wrote N bytes", also of a flash that has it all
        session.output.say(f"Wrote 0 bytes at {part.offset:#010x}: the flash held all {done.size}.")
    elif done.present:
        session.output.say(f"'{part.file}' at {part.offset:#010x} verified: it was there already.")
    else:
        pace = rate(done.size, done.elapsed_s)
        session.output.say(
            f"Wrote {done.size} bytes at {part.offset:#010x} in {done.elapsed_s:.1f} seconds ({pace}).",
            old=f"Wrote {done.size} bytes at {part.offset:#010x} in {done.elapsed_s:.1f} seconds"
            f" (effective {pace})...",
        )
    session.output.say("Hash of data verified.")


def _held(placed: Placed, words: Sequence[str]) -> dict[int, bytes]:
    """Return what the flash is said to hold, by the address of a part. Raises UsageError."""
    if words and len(words) != placed.pairs:
        raise click.UsageError(
            f"--diff-with names {count(len(words), 'file')} for {placed.pairs}: give one for each, or skip"
        )
    held: dict[int, bytes] = {}
    for pair, word in enumerate(words):
        own = [part for part in placed.parts if part.pair == pair]
        if own and word != NOTHING_HELD:
            old = esprom.load(Path(INPUT_FILE.convert(word, None, None)))
            for piece in esprom.file_pieces(own[0].offset, old):
                held |= {part.offset: found for part in own if (found := _from(piece, part.offset))}
    return held


def _from(piece: "esprom.Segment", address: int) -> bytes:
    """Return what a piece holds from an address on, if it reaches there."""
    return piece.data[address - piece.address :] if piece.address <= address else b""


@command("verify-flash", cls=FlashCommand)
@part_arguments
@click.option("--diff", "-d", "listed", is_flag=True, help="Tell where the flash differs, and in what.")
@usual_flash
def verify_flash(session: Session, placed: Placed, edit: HeaderEdit, *, listed: bool) -> Facts:
    """Compare the flash with files.

    Exactly as many bytes as each file has. Give the -fs, -fm and -ff that the files were written with: they
    edit the header that is compared.
    """
    failed = []
    with session.device() as device:
        ready = prepared(session, placed.parts, edit, device.flash(), force=True)
        for part in ready:
            try:
                _verify(session, device, part)
            except VerifyFailed as error:
                _tell_difference(session, device, part, listed=listed)
                failed.append(error)
    if failed:
        raise failed[0]
    return {"verified": [part.facts() for part in ready]}


def _verify(session: Session, device: "esprom.Device", part: Part) -> None:
    bytes_, where = f"{len(part.data):#x} ({len(part.data)}) bytes", f"{part.offset:#010x} in flash"
    session.output.say(
        f"Verifying {bytes_} at {where} against '{part.file}'...",
        old=f"Verifying {bytes_} @ {where} against {part.file}...",
    )
    with session.job() as job:
        device.verify_flash(part.offset, part.data, progress=job.progress, cancel=job.cancel)
    session.output.say("Verification successful (digest matched).", old="-- verify OK (digest matched)")


def _tell_difference(session: Session, device: "esprom.Device", part: Part, *, listed: bool) -> None:
    found = part.data
    if listed:
        with session.job() as job:
            found = device.read_flash(part.offset, len(part.data), progress=job.progress, cancel=job.cancel)
    ranges = list(_ranges(found, part.data))
    if not ranges:  # not asked for, or read as it should be this time
        session.output.say("Verification failed (digest mismatch).", old="-- verify FAILED (digest mismatch)")
        return
    bytes_ = sum(map(len, ranges))
    first = part.offset + ranges[0].start
    session.output.say(
        f"Verification failed: {bytes_} differences, first at {first:#010x}:",
        old=f"-- verify FAILED: {bytes_} differences, first @ {first:#010x}",
    )
    for where in ranges[:RANGES]:
        shown = slice(where.start, min(where.stop, where.start + SHOWN))
        more = " ..." if len(where) > SHOWN else ""
        in_flash, in_file = (f"{data[shown].hex(' ')}{more}" for data in (found, part.data))
        session.output.result(
            f"   {part.offset + where.start:#010x} {count(len(where), 'byte')}:"
            f" flash {in_flash}, file {in_file}"
        )
    if len(ranges) > RANGES:
        session.output.result(f"   and {len(ranges) - RANGES} more")


def _ranges(found: bytes, wanted: bytes) -> Iterator[range]:
    """Yield where two of a length differ, as runs of differing bytes."""
    at = 0
    for same, run in groupby(map(int.__eq__, found, wanted)):
        length = sum(1 for _ in run)
        if not same:
            yield range(at, at + length)
        at += length


def _harm(data: bytes) -> str | None:
    """Return why the chip will not start what begins like an image; None where it will, or it is none."""
    if data[0] not in esprom.MAGICS:
        return None
    try:
        image = esprom.parse_image(data)
    except ImageError as exc:
        return str(exc)
    return None if image.checksum_good else "its checksum is wrong"
