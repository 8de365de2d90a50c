# SPDX-License-Identifier: Apache-2.0
"""The chip's memory: read-mem, write-mem, dump-mem, load-ram; and run."""

from pathlib import Path

import click

import esprom
from esprom.cli.contents import loaded
from esprom.cli.esptool_lines import rate, timed
from esprom.cli.group import command
from esprom.cli.output import Facts
from esprom.cli.session import Session
from esprom.cli.values import (
    END_OF_MEMORY,
    INPUT_FILE,
    MEMORY,
    OUTPUT_FILE,
    SIZE,
    WORD,
    WORD_ADDRESS,
    count,
)
from esprom.errors import ImageError


@command("read-mem")
@click.argument("address", type=WORD_ADDRESS)
def read_mem(session: Session, address: int) -> Facts:
    """Print a 32-bit word of the chip's memory."""
    with session.device(small=True) as device:
        value = device.read_reg(address)
    session.output.result(f"{address:#010x} = {value:#010x}")
    return {"address": address, "value": value}


@command("write-mem")
@click.argument("address", type=WORD_ADDRESS)
@click.argument("value", type=WORD)
@click.argument("mask", type=WORD, default="0xFFFFFFFF")
def write_mem(session: Session, address: int, value: int, mask: int) -> Facts:
    """Write a 32-bit word of the chip's memory, or some bits of it.

    MASK has a 1 for every bit to write; all of them unless told.
    """
    with session.device(small=True) as device:
        device.write_reg(address, value, mask)
    session.output.say(
        f"Wrote {value:#010x} with mask {mask:#010x} to {address:#010x}.",
        old=f"Wrote {value:08x}, mask {mask:08x} to {address:08x}",
    )
    return {"address": address, "value": value, "mask": mask}


@command("dump-mem")
@click.argument("address", type=MEMORY)
@click.argument("size", type=SIZE)
@click.argument("file", type=OUTPUT_FILE)
def dump_mem(session: Session, address: int, size: int, file: Path) -> Facts:
    """Read a stretch of the chip's memory into a file.

    Any address and size. An existing FILE is replaced.
    """
    if address + size > END_OF_MEMORY:
        raise click.UsageError(
            f"the memory ends at {END_OF_MEMORY - 1:#x}: at most {END_OF_MEMORY - address:#x} bytes lie from "
            f"{address:#x} on"
        )
    session.output.leave_stdout_to(file)
    with session.device(small=True) as device, session.job() as job, timed(device) as taken:
        data = device.read_memory(address, size, progress=job.progress, cancel=job.cancel)
    esprom.save(file, data, overwrite=True)
    took = f"in {taken.seconds:.1f} seconds ({rate(size, taken.seconds)})"
    session.output.say(
        f"Dumped {size} bytes from {address:#010x} {took} to '{file}'.", old=f"Read {size} bytes"
    )
    return {"address": address, "size": size, "file": str(file)}


@command("load-ram")
@click.argument("file", type=INPUT_FILE)
def load_ram(session: Session, file: Path) -> Facts:
    """Load an image into RAM and start it.

    FILE is an ESP8266 application image (it starts with E9) whose segments all lie in RAM; or Intel HEX that
    holds one, at whatever address.
    """
    image = esprom.parse_image(_image_in(file))
    image.check_loadable()
    if not image.checksum_good:
        session.output.note(f"warning: the checksum of {file} is wrong: it may be damaged")
    with session.device(small=True) as device:  # a stub lies where applications go
        device.load_ram([(s.address, s.data) for s in image.segments], image.entry)
    session.output.result(f"Loaded {count(len(image.segments), 'segment')}, started at {image.entry:#010x}")
    return {
        "file": str(file),
        "entry": image.entry,
        "segments": [{"address": s.address, "size": len(s.data)} for s in image.segments],
    }


def _image_in(file: Path) -> bytes:
    """Return the image in a file. In Intel HEX it is one run of bytes, whose address says nothing here."""
    data = loaded(file)
    if not esprom.is_hex(data):
        return data
    runs = esprom.parse_hex(data)
    if len(runs) != 1:
        raise ImageError(f"{file} has {len(runs)} pieces with gaps between them, and an image is one")
    return runs[0].data


@command("run")
def run(session: Session) -> Facts:
    """Leave the loader and start the firmware."""
    with session.device(small=True) as device:
        device.run()
    session.output.result("Firmware started")
    return {}
