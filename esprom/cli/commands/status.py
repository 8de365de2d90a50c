# SPDX-License-Identifier: Apache-2.0
"""The flash chip's own registers and tables: status registers, SFDP."""

import click

from esprom.cli.group import command
from esprom.cli.output import Facts
from esprom.cli.session import Session
from esprom.cli.values import WORD, NumberType

MOST_UNLESS_TOLD = 2  # as tools have always done

registers_option = click.option(
    "--bytes",
    "registers",
    type=click.IntRange(1, 3),
    help="How many status registers, of one byte each; 2 unless told, or 1 where the chip has no more.",
)


@command("read-flash-status")
@registers_option
def read_flash_status(session: Session, registers: int | None) -> Facts:
    """Print the flash chip's status registers."""
    with session.device(small=True) as device:
        registers = registers or device.status_registers()
        status = device.read_flash_status(registers)
    session.output.result(f"Status value: {_in_hex(status, registers)}")
    return {"status": status, "registers": registers}


@command("write-flash-status")
@click.argument("value", type=WORD)
@registers_option
@click.option("--non-volatile", is_flag=True, help="Keep the value without power too.")
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
        session.output.result(f"Initial flash status: {_in_hex(before, registers)}")
        device.write_flash_status(value, registers, volatile=not non_volatile)
        after = device.read_flash_status(registers)
    session.output.result(f"After flash status: {_in_hex(after, registers)}")
    if after != value:
        advice = "" if non_volatile else "; some chips take it with --non-volatile only"
        session.output.note(
            f"warning: the flash chip did not take all of {_in_hex(value, registers)}{advice}"
        )
    return {"before": before, "asked": value, "after": after, "registers": registers}


@command("read-flash-sfdp")
@click.argument("address", type=NumberType("address", most=0xFFFFFF))
@click.argument("size", type=NumberType("size", least=1, most=256), metavar="BYTES")
def read_flash_sfdp(session: Session, address: int, size: int) -> Facts:
    """Print bytes of the flash chip's parameter table (SFDP)."""
    with session.device(small=True) as device:
        data = device.read_sfdp(address, size)
    session.output.result(f"SFDP[{address}..{address + size - 1}]: {' '.join(f'{b:#04x}' for b in data)}")
    return {"address": address, "size": size, "data": data.hex()}


def _check_fit(value: int, registers: int) -> None:
    if value >= 1 << (8 * registers):
        raise click.UsageError(f"{value:#x} does not fit into {registers} status register(s): see --bytes")


def _in_hex(status: int, registers: int) -> str:
    return f"{status:#0{2 + 2 * registers}x}"
