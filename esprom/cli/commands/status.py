# SPDX-License-Identifier: Apache-2.0
"""The flash chip's own registers and tables: status registers, SFDP."""

from dataclasses import asdict

import click

import esprom
from esprom.cli.commands.identify import tell_flash
from esprom.cli.foreign import passed_over, usual_flash
from esprom.cli.group import command
from esprom.cli.output import Facts
from esprom.cli.session import Session
from esprom.cli.values import WORD, NumberType, count
from esprom.errors import EspromError

MOST_UNLESS_TOLD = 2  # as tools have always done
FEWEST_DIGITS = 4  # as tools have always shown
MOST_SFDP = 256  # bytes; basic tables end before
SHOWN = 8  # bytes of what should be a table

registers_option = click.option(
    "--bytes",
    "registers",
    type=click.IntRange(1, 3),
    help="How many status registers, of one byte each; 2 unless told, or 1 where the chip has no more.",
)


@command("read-flash-status")
@registers_option
@usual_flash
def read_flash_status(session: Session, registers: int | None) -> Facts:
    """Print the flash chip's status registers."""
    with session.device(small=True) as device:
        registers = registers or device.status_registers()
        status = device.read_flash_status(registers)
    said = _in_hex(status, registers)
    session.output.say(f"Flash memory status: {said}", old=f"Status value: {said}")
    return {"status": status, "registers": registers}


@command("write-flash-status")
@click.argument("value", type=WORD)
@registers_option
@click.option("--non-volatile", is_flag=True, help="Keep the value without power too.")
@usual_flash
def write_flash_status(session: Session, value: int, registers: int | None, non_volatile: bool) -> Facts:
    """Write the flash chip's status registers.

    VALUE has the first register in its low byte. To lift a write protection for good:
    esprom write-flash-status --non-volatile 0
    """
    _check_fit(value, registers or MOST_UNLESS_TOLD)
    with session.device(small=True) as device:
        registers = registers or device.status_registers()
        _check_fit(value, registers)
        before = device.read_flash_status(registers)
        _tell(session, "Initial", before, registers)
        _tell(session, "Setting", value, registers)
        device.write_flash_status(value, registers, volatile=not non_volatile)
        after = device.read_flash_status(registers)
    _tell(session, "After", after, registers, blanks="   ")
    if after != value:
        advice = "" if non_volatile else "; some chips take it with --non-volatile only"
        session.output.note(
            f"warning: the flash chip did not take all of {_in_hex(value, registers)}{advice}"
        )
    return {"before": before, "asked": value, "after": after, "registers": registers}


def _tell(session: Session, when: str, status: int, registers: int, blanks: str = " ") -> None:
    value = f"{blanks}{_in_hex(status, registers)}"
    session.output.say(f"{when} flash memory status:{value}", old=f"{when} flash status:{value}")


@command("read-flash-sfdp")
@usual_flash
@passed_over("--flash-size", "-fs")
@passed_over("--flash-mode", "-fm")
@passed_over("--flash-freq", "-ff")
@click.argument("address", type=NumberType("address", most=0xFFFFFF), required=False)
@click.argument("size", type=NumberType("size", least=1, most=MOST_SFDP), metavar="[BYTES]", required=False)
def read_flash_sfdp(session: Session, address: int | None, size: int | None) -> Facts:
    """Print what the flash chip says of itself (SFDP).

    With ADDRESS and BYTES: print those bytes of the table, and what they say in words if it is all there.
    """
    if address is not None and size is None:
        raise click.UsageError("give ADDRESS and BYTES, or neither")
    first, count_of = (0, MOST_SFDP) if address is None or size is None else (address, size)
    with session.device(small=True) as device:
        data = device.read_sfdp(first, count_of)
        if address is not None:
            tell_flash(session.output, device.flash())
    summary = esprom.sfdp_summary(data) if first == 0 else None
    if address is not None:
        place = f"SFDP[{first}..{first + count_of - 1}]:"
        listed = " ".join(f"{byte:#04x}" for byte in data)
        session.output.say(f"Flash memory {place} {listed}", old=f"{place} {data.hex(' ').upper()}")
    elif summary is None:
        raise EspromError(
            "the flash chip has no SFDP that makes sense: its parameter table begins with"
            f" {data[:SHOWN].hex(' ')}; esprom flash-id names the chip by its id"
        )
    for line in _sfdp_words(summary) if summary else ():
        session.output.result(line)
    return {"address": first, "size": count_of, "data": data.hex(), "summary": summary and asdict(summary)}


def _sfdp_words(found: "esprom.SfdpSummary") -> list[str]:
    pointer, dwords = found.table
    erases = ", ".join(f"{esprom.size_name(erase.size)} by {erase.opcode:#04x}" for erase in found.erases)
    reads = ", ".join(
        f"{read.lines} by {read.opcode:#04x} after {count(read.wait, 'clock')}" for read in found.reads
    )
    everywhere = ", 4 KiB everywhere" if found.erases_4k_everywhere else ""
    return [
        f"SFDP revision: {found.revision}, basic table of {dwords} DWORDs at {pointer:#x}",
        f"Flash size: {esprom.size_name(found.size)}",
        f"Erases: {erases or 'none that it tells of'}{everywhere}",
        f"Programs: {'64 bytes or more' if found.whole_pages else 'less than 64 bytes'} at once",
        f"Reads over several lines: {reads or 'none'}",
    ]


def _check_fit(value: int, registers: int) -> None:
    if value >= 1 << (8 * registers):
        raise click.UsageError(f"{value:#x} does not fit into {registers} status register(s): see --bytes")


def _in_hex(status: int, registers: int) -> str:
    return f"{status:#0{2 + max(FEWEST_DIGITS, 2 * registers)}x}"
