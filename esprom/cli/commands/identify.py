# SPDX-License-Identifier: Apache-2.0
"""What chip and what flash is this: chip-id, read-mac, flash-id.

Lines that esptool prints too have its form, since scripts look for them.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import esprom
from esprom.cli.esptool_lines import mac_line
from esprom.cli.foreign import usual_flash
from esprom.cli.group import command
from esprom.cli.output import Facts, Output
from esprom.cli.session import Session


@command("chip-id")
def chip_id(session: Session) -> Facts:
    """Print the chip, its crystal, MAC and chip id."""
    with session.device(small=True) as device:
        chip = device.chip
    if session.output.quiet:  # else it has been said already
        session.output.result(f"Chip type: {chip.name}")
        session.output.result(f"Features: {', '.join(chip.features)}")
        session.output.result(f"Crystal frequency: {chip.crystal_mhz}MHz")
        session.output.result(f"MAC: {chip.mac}")
    session.output.result(f"Chip ID: {chip.chip_id:#010x}")
    return {"chip": chip_facts(chip)}


@command("read-mac")
def read_mac(session: Session) -> Facts:
    """Print the MAC address of the station interface."""
    with session.device(small=True) as device:
        chip = device.chip
    session.output.say(mac_line(chip.mac), old=f"MAC: {chip.mac}")
    return {"mac": chip.mac}


@command("flash-id")
@usual_flash
def flash_id(session: Session) -> Facts:
    """Print the flash chip's maker, part and size."""
    with session.device(small=True) as device:
        flash = device.flash()
    tell_flash(session.output, flash)
    session.output.result(f"Flash part: {part_name(flash)}")
    session.output.result(f"Size known from: {flash.size_source}")
    if flash.unique_id is not None:
        session.output.result(f"Unique ID: {flash.unique_id.hex()}")
    return {"flash": flash_facts(flash)}


def tell_flash(output: Output, flash: "esprom.FlashInfo") -> None:
    """Print the three lines that esptool has too."""
    output.result(f"Manufacturer: {flash.jedec_id >> 16:02x}")
    output.result(f"Device: {flash.jedec_id & 0xFFFF:04x}")
    output.result(f"Detected flash size: {esprom.size_name(flash.size)}")


def part_name(flash: "esprom.FlashInfo") -> str:
    """Return the flash chip's maker and part, for people."""
    return f"{flash.manufacturer} {flash.part or '(part unknown)'}"


def chip_facts(chip: "esprom.ChipInfo") -> Mapping[str, Any]:
    """Return the chip as JSON says it."""
    return asdict(chip)


def flash_facts(flash: "esprom.FlashInfo") -> Mapping[str, Any]:
    """Return the flash as JSON says it."""
    return asdict(flash) | {"unique_id": flash.unique_id.hex() if flash.unique_id is not None else None}
