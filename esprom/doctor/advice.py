# SPDX-License-Identifier: Apache-2.0
"""What may be wrong, which wires that makes suspect, and what to do, step by step, as data."""

from dataclasses import dataclass
from enum import Enum

from esprom.doctor.wiring import Wire
from esprom.port.silence import MEANINGS, Cause


class Trouble(Enum):
    """What was found to be wrong; the value is its name in JSON."""

    NO_PORT = "no-port"
    PORT = "port"
    SILENT = "silent"
    ECHO = "echo"
    DEAF = "deaf"
    GPIO0 = "gpio0"
    STRAPS = "straps"
    PROGRAM = "program"
    RATE = "rate"
    OTHER_CHIP = "other-chip"
    FLASH = "flash"
    FLASH_LOW = "flash-low"
    FLASH_HIGH = "flash-high"
    SUPPLY = "supply"
    LINE = "line"
    PROTECTED = "protected"
    CRYSTAL = "crystal"


@dataclass(frozen=True, slots=True)
class Advice:
    """What it means, and what to do."""

    means: str
    suspects: tuple[Wire, ...]
    steps: tuple[str, ...]


def _silence(cause: Cause, *suspects: Wire) -> Advice:
    """Return what is said where no answer comes, with the wires that it makes suspect."""
    return Advice(MEANINGS[cause].means, suspects, MEANINGS[cause].steps)


ADVICE = {
    Trouble.NO_PORT: Advice(
        "this computer has no serial port on which a board could be",
        (),
        (
            "plug the adapter in, with a cable that carries data and not only charge",
            "'esprom ports' lists what is there and what stands in the way of using it",
            "sim://esp01 as --port is a virtual board, to try everything on",
        ),
    ),
    Trouble.PORT: Advice("the port cannot be used", (), ("do what the line above says",)),
    Trouble.SILENT: _silence(Cause.NOTHING, Wire.SUPPLY, Wire.ENABLE, Wire.RX, Wire.GROUND, Wire.GPIO0),
    Trouble.ECHO: _silence(Cause.ECHO, Wire.TX, Wire.RX),
    Trouble.DEAF: _silence(Cause.DEAF, Wire.TX),
    Trouble.GPIO0: _silence(Cause.FLASH_BOOT, Wire.GPIO0),
    Trouble.STRAPS: _silence(Cause.STRAPS, Wire.GPIO15, Wire.GPIO2),
    Trouble.PROGRAM: _silence(Cause.TEXT, Wire.GPIO0),
    Trouble.RATE: _silence(Cause.MEANINGLESS, Wire.GROUND, Wire.TX, Wire.RX),
    Trouble.OTHER_CHIP: Advice(
        "something answers that is not an ESP8266 in its loader",
        (),
        ("check which board it is", "power it again with GPIO0 at GND"),
    ),
    Trouble.FLASH: Advice(
        "the chip works, and its flash chip does not say what it is",
        (Wire.FLASH_DATA, Wire.SUPPLY),
        (
            "nothing else may hang on GPIO6 to GPIO11",
            "measure the supply at the flash chip's pin 8",
            "give the size with --chip-size if the chip is one that tells none",
        ),
    ),
    Trouble.FLASH_LOW: Advice(
        "the flash chip's data line (SD_D0, GPIO7) is always low: no supply, or a short to ground",
        (Wire.FLASH_DATA, Wire.SUPPLY),
        ("look for a short at the flash chip's pin 2", "measure the supply at its pin 8"),
    ),
    Trouble.FLASH_HIGH: Advice(
        "the flash chip's data line (SD_D0, GPIO7) is always high: nothing drives it",
        (Wire.FLASH_DATA,),
        (
            "look at the solder joints of the flash chip",
            "an ESP8285 has its flash inside: then the chip itself is broken",
        ),
    ),
    Trouble.SUPPLY: _silence(Cause.RESTARTED, Wire.SUPPLY, Wire.GROUND),
    Trouble.PROTECTED: Advice(
        "everything works, and the flash chip's block protection is on: it can be read, and not written",
        (),
        ("to write all the same, add --unprotect to restore, write-flash or erase-flash",),
    ),
    Trouble.LINE: Advice(
        "the line carries 115200 baud, and not much more",
        (Wire.TX, Wire.RX, Wire.GROUND),
        ("it works as it is, --baud auto finds the rate", "shorter wires carry more"),
    ),
    Trouble.CRYSTAL: Advice(
        "the board can be used, but the firmware in it is made for another crystal than it has: its Wi-Fi and"
        " its serial rate will be off",
        (),
        (
            "back it up, then write firmware that is made for this crystal",
            "the vendor's SDK takes it from its init data, esp_init_data_default.bin: byte 48 is 0 for 40 MHz"
            " and 1 for 26 MHz",
        ),
    ),
}
