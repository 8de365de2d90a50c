# SPDX-License-Identifier: Apache-2.0
"""backup and restore: the firmware of a board as a file that has been proved, and the way back."""

from dataclasses import asdict
from pathlib import Path

import click

import esprom
from esprom.cli.commands.erase import unprotect_option
from esprom.cli.commands.identify import chip_facts, flash_facts, part_name
from esprom.cli.commands.read import announce
from esprom.cli.commands.write import HALF_WRITTEN
from esprom.cli.group import command
from esprom.cli.output import Facts
from esprom.cli.session import Session
from esprom.cli.values import count


@command("backup")
@click.argument("name", default=".", type=click.Path(path_type=Path))
@click.option(
    "--since",
    metavar="OLD",
    type=click.Path(path_type=Path),
    help="An older backup: what the flash still holds as it is there is not read.",
)
@click.option("--force", is_flag=True, help="Replace files that exist.")
@click.option(
    "--reread", is_flag=True, help="Let the chip read it all a second time; --loader rom always does so."
)
def backup(session: Session, name: Path, *, since: Path | None, force: bool, reread: bool) -> Facts:
    """Read the whole flash into a file that is proved equal to it.

    Writes NAME.bin and NAME.json (which board, which flash, digests, which proof), both or none.
    Where NAME is a folder, this one unless told, the name is made of chip, MAC and size. What is interrupted
    leaves NAME.partial, and the same command goes on from there.
    """
    esprom.check_backup(name, since=since, force=force)
    with session.device() as device:
        _print_board(session, device)
        partial = esprom.planned_files(device, name, force=force).partial
        if partial.exists():
            session.output.note(f"going on from {partial}: what the flash still holds is not read again")
        announce(session, device, device.flash().size, passes=2 if device.loader == "rom" else 1)
        with session.job() as job:
            result = device.backup(
                name, since=since, reread=reread, force=force, progress=job.progress, cancel=job.cancel
            )
        chip, flash = device.chip, device.flash()
    manifest = result.manifest
    session.output.result(f"Backup: {result.image}, {manifest.flash.size} bytes")
    session.output.result(f"Manifest: {result.manifest_file}")
    session.output.result(f"SHA-256: {manifest.digests.sha256}")
    session.output.result(f"Proof: {manifest.proof.description}{_rereads(manifest.proof.reread_sectors)}")
    return {
        "chip": chip_facts(chip),
        "flash": flash_facts(flash),
        "image": str(result.image),
        "manifest": str(result.manifest_file),
        "size": manifest.flash.size,
        "sha256": manifest.digests.sha256,
        "proof": asdict(manifest.proof),
        "known_sectors": result.known_sectors,
    }


@command("restore")
@click.argument("path", metavar="NAME", type=click.Path(path_type=Path))
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@click.option(
    "--safety-copy",
    "copy",
    metavar="NAME",
    type=click.Path(path_type=Path),
    default=".",
    help="Where what the flash holds is saved first: a backup NAME, or a folder; this one unless told.",
)
@click.option("--no-safety-copy", is_flag=True, help="Do not save what the flash holds.")
@click.option(
    "--keep-calibration", is_flag=True, help="Leave the radio calibration of this board where it is."
)
@click.option("--other-board", is_flag=True, help="The backup is from another board, and that is meant.")
@click.option("--force", is_flag=True, help="The file is smaller than the flash, and that is meant.")
@unprotect_option
def restore(
    session: Session,
    path: Path,
    *,
    yes: bool,
    copy: Path,
    no_safety_copy: bool,
    keep_calibration: bool,
    other_board: bool,
    force: bool,
    unprotect: bool,
) -> Facts:
    """Write a backup to the flash, bit for bit, and verify it.

    NAME is a backup, or the dump of another tool. Not one bit of it is edited. What the flash holds is saved
    first; sectors that are as they should be are left alone. What is interrupted is finished by the same
    command. On a terminal, esprom says what it is about to do and asks; elsewhere it says so and does it.
    """
    esprom.check_restore(path)
    with session.device() as device:
        plan = device.plan_restore(path, keep_calibration=keep_calibration)
        for sentence in plan.notes:
            session.output.note(f"note: {sentence}")
        for region in plan.identity:
            kept = "stays as it is" if region in plan.kept else "comes from the file"
            session.output.note(f"{region.name} at {region.offset:#x}: {kept}")
        allowed = {"--other-board": other_board, "--force": force}
        if all(allowed[obstacle.option] for obstacle in plan.obstacles):  # else it is refused below
            session.confirm(plan.action, yes=yes)
        with session.change(device, HALF_WRITTEN) as job:
            result = device.restore(
                plan,
                safety_copy=None if no_safety_copy else copy,
                other_board=other_board,
                force=force,
                unprotect=unprotect,
                progress=job.progress,
                cancel=job.cancel,
            )
    if result.safety_copy is not None:
        session.output.result(f"Safety copy: {result.safety_copy}, what the flash held before")
    written = "" if result.written is None else f", {result.written} of them written"
    session.output.result(f"Restored {result.size} bytes of {result.image}{written}, and verified them")
    return {
        "image": str(result.image),
        "size": result.size,
        "mac": plan.chip.mac,
        "verified": True,
        "manifest": result.manifest is not None,
        "notes": list(result.notes),
        "written": result.written,
        "safety_copy": str(result.safety_copy) if result.safety_copy is not None else None,
        "kept": [region.name for region in plan.kept],
    }


def _print_board(session: Session, device: "esprom.Device") -> None:
    flash = device.flash()
    session.output.result(f"Chip type: {device.chip.name}")
    session.output.result(f"MAC: {device.chip.mac}")
    session.output.result(
        f"Flash: {part_name(flash)}, {esprom.size_name(flash.size)}, id {flash.jedec_id:06x}"
    )


def _rereads(sectors: tuple[int, ...]) -> str:
    return f", {count(len(sectors), 'sector')} read again" if sectors else ""
