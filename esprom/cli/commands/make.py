# SPDX-License-Identifier: Apache-2.0
"""Files for the flash made of others: elf2image, make-image, merge-bin. Output that exists is replaced."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

import esprom
from esprom.cli import completing
from esprom.cli.contents import loaded, named
from esprom.cli.foreign import refused, usual_flash
from esprom.cli.group import command
from esprom.cli.headers import KEEP, Words, edited, header_options
from esprom.cli.output import Facts
from esprom.cli.parts import in_pairs, pieces_of
from esprom.cli.session import Session
from esprom.cli.settings import OFFLINE
from esprom.cli.values import ADDRESS, INPUT_FILE, OUTPUT_FILE, NumberType, number
from esprom.errors import ImageError

DEFAULTS = {"size": "1MB", "mode": "qio", "frequency": "40m"}
ALL_SIZES = tuple(dict.fromkeys((*esprom.HEADER_SIZES, *esprom.RTOS_SIZES)))
PAD_SIZES = [size for size in ALL_SIZES if not size.endswith("-c1")]
NOT_HERE = {  # options of esptool's that it does nothing about on an ESP8266
    "--secure-pad": "it is for chips with secure boot, which the ESP8266 has not",
    "--secure-pad-v2": "it is for chips with secure boot, which the ESP8266 has not",
    "--ram-only-header": "the ESP8266's images have no such form",
    "--min-rev-full": "an ESP8266's image states no chip revision",
    "--max-rev-full": "an ESP8266's image states no chip revision",
    "--elf-sha256-offset": "an ESP8266's image has no place for the digest of its ELF file",
    "--flash-mmu-page-size": "the ESP8266's cache has one page size",
    "--pad-to-size": "an ESP8266's image is not padded; merge-bin --pad-to-size makes a file of that size",
}
OF_FORM = {  # merge-bin's form in which an option means something; esptool passes it over in others
    "--target-offset": "raw",
    "--pad-to-size": "raw",
    "--chunk-size": "uf2",
    "--md5-disable": "uf2",
}
WITHOUT_VALUE = ("--secure-pad", "--secure-pad-v2", "--ram-only-header")


def _refused_options(function: Callable[..., Any]) -> Callable[..., Any]:
    for name, why in NOT_HERE.items():
        words = f" means nothing here: {why}"
        function = refused(name, words=words, is_flag=name in WITHOUT_VALUE)(function)
    return function


@command("elf2image", shared=OFFLINE)
@click.argument("file", type=INPUT_FILE)
@click.option(
    "--output",
    "-o",
    metavar="FILE",
    shell_complete=completing.files,
    help="The image; in version 1 what the names of both files begin with.",
)
@click.option(
    "--version",
    "-e",
    "form",
    type=click.Choice(["1", "2", "3"]),
    default="1",
    help="1 for the boot ROM (unless told), 2 for the non-OS SDK's boot loaders, 3 for the RTOS SDK's.",
)
@header_options(sizes=ALL_SIZES, default=DEFAULTS)
@click.option("--use-segments", is_flag=True, help="Take the ELF file's segments in place of its sections.")
@click.option("--dont-append-digest", is_flag=True, hidden=True, expose_value=False)
@_refused_options
@usual_flash
def elf2image(
    session: Session,
    file: Path,
    *,
    output: str | None,
    form: str,
    size: str,
    mode: str,
    frequency: str,
    use_segments: bool,
) -> Facts:
    """Make a firmware image of an ELF file.

    It is to the byte as esptool makes it. Version 1 makes two files where a part of the program stays in the
    flash: OUTPUT0x00000.bin and OUTPUT with the other one's place, 0x10000.bin for example. Unless told,
    names come from FILE's.
    """
    if output is not None:
        session.output.leave_stdout_to(Path(output))
    session.output.result("Creating ESP8266 image...")
    data = loaded(file)
    try:
        with named(file):
            program = esprom.parse_elf(data, by_segments=use_segments)
            made = esprom.program_images(program, int(form), size=size, mode=mode, frequency=frequency)
    except ValueError as error:
        raise click.UsageError(f"an image of version {form} has no such setting: {error}") from error
    written = _written(session, made, _names(file, output, form, made), [file])
    session.output.say("Successfully created ESP8266 image.", old="Successfully created esp8266 image.")
    return {"file": str(file), "form": int(form), "entry": program.entry, "written": written}


def _names(file: Path, output: str | None, form: str, made: Sequence["esprom.ImageFile"]) -> list[Path]:
    """Return the names that esptool gives: version 1's begin with a prefix, version 2's says its place."""
    if form == "1":
        return _prefixed(output if output is not None else f"{file}-", made)
    if output is not None:
        return [Path(output)]
    place = f"-0x{made[0].offset:05x}" if form == "2" else ""
    return [file.parent / f"{file.stem}{place}.bin"]


def _prefixed(prefix: str, made: Sequence["esprom.ImageFile"]) -> list[Path]:
    return [Path(f"{prefix}0x{part.offset:05x}.bin") for part in made]


def _written(
    session: Session, made: Sequence["esprom.ImageFile"], names: Sequence[Path], sources: Sequence[Path]
) -> list[Facts]:
    """Write the files, when all of them can be; say so, and return the facts."""
    esprom.check_apart(names, sources)
    replaced = [name for name in names if name.is_file() or name.is_dir() or not name.exists()]
    esprom.check_targets(replaced, overwrite=True)
    facts: list[Facts] = []
    for part, name in zip(made, names, strict=True):
        esprom.save_made(name, part.data, sources, overwrite=True)
        place = "" if part.offset is None else f", for 0x{part.offset:05x}"
        session.output.result(f"Wrote {len(part.data)} bytes to {name}{place}")
        facts.append({"file": str(name), "offset": part.offset, "size": len(part.data)})
    return facts


@command("make-image", shared=OFFLINE)
@click.argument("output", shell_complete=completing.files)
@click.option("--segfile", "-f", "files", type=INPUT_FILE, multiple=True, help="What a segment holds.")
@click.option(
    "--segaddr", "-a", "addresses", type=ADDRESS, multiple=True, help="Where it goes, in the same order."
)
@click.option(
    "--entrypoint", "-e", "entry", type=ADDRESS, default=0, help="The address to start at; 0 unless told."
)
def make_image(
    session: Session, output: str, *, files: tuple[Path, ...], addresses: tuple[int, ...], entry: int
) -> Facts:
    """Make a firmware image of pieces of memory.

    Give -f FILE and -a ADDRESS for each. The image is of version 1. OUTPUT is what its name begins with:
    OUTPUT0x00000.bin. A piece for the mapped flash becomes a file of its own.
    """
    if not files or len(files) != len(addresses):
        raise click.UsageError(
            f"give -f and -a for each piece: there are {len(files)} files and {len(addresses)} addresses"
        )
    pieces = [esprom.Segment(address, loaded(file)) for file, address in zip(files, addresses, strict=True)]
    try:
        made = esprom.make_image(pieces, entry)
    except ImageError as error:  # of addresses, which are on the command line
        raise click.UsageError(str(error)) from error
    if entry == 0:
        session.output.note("warning: without -e the image has no entry, and no chip starts it as it is")
    written = _written(session, made, _prefixed(output, made), files)
    session.output.say("Successfully created ESP8266 image.", old="Successfully created esp8266 image.")
    return {"entry": entry, "written": written}


@command("merge-bin", shared=OFFLINE)
@click.argument("pairs", metavar="ADDRESS FILE...", nargs=-1, shell_complete=completing.files)
@click.option("--output", "-o", type=OUTPUT_FILE, required=True, help="The file that is made.")
@click.option(
    "--format",
    "-f",
    "form",
    type=Words(["raw", "hex", "uf2"]),
    default="raw",
    help="raw: the bytes of the flash; hex: Intel HEX; uf2. raw unless told.",
)
@header_options()
@click.option(
    "--target-offset",
    "-t",
    "begin",
    type=ADDRESS,
    default=0,
    help="Where in the flash a raw file begins; 0 unless told.",
)
@click.option(
    "--pad-to-size",
    "--fill-flash-size",
    "end",
    type=Words(PAD_SIZES),
    metavar="SIZE",
    help="Fill a raw file with 0xFF up to the end of a flash of that size.",
)
@click.option("--chunk-size", "chunk", type=NumberType("size"), help="Bytes of content in a block of UF2.")
@click.option("--md5-disable", is_flag=True, help="Leave the MD5 out of the blocks of UF2.")
@usual_flash
def merge_bin(
    session: Session,
    pairs: tuple[str, ...],
    *,
    output: Path,
    form: str,
    size: str,
    mode: str,
    frequency: str,
    begin: int,
    end: str | None,
    chunk: int | None,
    md5_disable: bool,
) -> Facts:
    """Make one file of several for the flash.

    Each FILE goes to its ADDRESS; Intel HEX goes to its own addresses. -fs, -fm and -ff edit the header of an
    image for 0x0.
    """
    _check_form(
        form,
        {
            "--target-offset": begin != 0,
            "--pad-to-size": end is not None,
            "--chunk-size": chunk is not None,
            "--md5-disable": md5_disable,
        },
    )
    placed = in_pairs(pairs, "0x0 boot.bin 0x1000 app.bin")
    esprom.check_apart([output], [file for _, file in placed])
    pieces = [
        _edited(session, piece, size=size, mode=mode, frequency=frequency)
        for address, file in placed
        for piece in pieces_of(session, address, file, esprom.load(file))
    ]
    try:
        if form == "raw":
            data = esprom.merge_raw(pieces, begin=begin, end=None if end is None else number(end))
        elif form == "hex":
            data = esprom.merge_hex(pieces)
        else:
            data = _uf2(pieces, chunk, md5=not md5_disable)
    except ImageError as error:  # of what goes where, which is on the command line
        raise click.UsageError(str(error)) from error
    session.output.leave_stdout_to(output)
    esprom.save_made(output, data, [file for _, file in placed], overwrite=True)
    place = f"{begin:#x}" if form == "raw" else "the addresses in it"
    session.output.result(f"Wrote {len(data)} bytes to {output}, for {place}")
    return {
        "output": str(output),
        "format": form,
        "size": len(data),
        "begin": begin if form == "raw" else None,
        "pieces": [{"offset": piece.address, "size": len(piece.data)} for piece in pieces],
    }


def _check_form(form: str, given: dict[str, bool]) -> None:
    """Raise UsageError where an option is given that means nothing in a file of this form."""
    for name, is_given in given.items():
        if is_given and form != OF_FORM[name]:
            raise click.UsageError(f"{name} is for -f {OF_FORM[name]}, and means nothing with -f {form}")


def _edited(
    session: Session, piece: "esprom.Segment", *, size: str, mode: str, frequency: str
) -> "esprom.Segment":
    """Return the piece with its header edited, if it is an image for 0x0 and that is asked for."""
    if piece.address != 0 or (size, mode, frequency) == (KEEP,) * 3:
        return piece
    if esprom.flash_header(piece.data) is None:
        session.output.note("warning: what is for 0x0 is no image of version 1: no flash setting is changed")
        return piece
    data = edited(piece.data, "what is for 0x0", size=size, mode=mode, frequency=frequency)
    settings = esprom.image_details(data).settings
    session.output.result(f"Flash parameters set to {settings.mode}, {settings.frequency}, {settings.size}.")
    return esprom.Segment(0, data)


def _uf2(pieces: Sequence["esprom.Segment"], chunk: int | None, *, md5: bool) -> bytes:
    try:
        return esprom.merge_uf2(pieces, chunk=chunk, md5=md5)
    except ValueError as error:
        raise click.UsageError(f"--chunk-size: {error}") from error
