# SPDX-License-Identifier: Apache-2.0
"""What may be wrong, which wires that makes suspect, and what to do, step by step, as data."""

from dataclasses import dataclass
from enum import Enum

from esprom.doctor.wiring import Wire


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


@dataclass(frozen=True, slots=True)
class Advice:
    """What it means, and what to do."""

    means: str
    suspects: tuple[Wire, ...]
    steps: tuple[str, ...]


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
    Trouble.SILENT: Advice(
        "not one byte came from the chip: it has no power, is held off, or its TX does not reach the adapter",
        (Wire.SUPPLY, Wire.ENABLE, Wire.RX, Wire.GROUND, Wire.GPIO0),
        (
            "measure the supply at the board, between VCC and GND: 3.2 to 3.4 V, and no less while it starts",
            "measure CH_PD (EN): it must be at 3.3 V",
            "RX of the adapter goes to TX of the chip; the grounds of adapter, supply and board are joined",
            "without a reset line, power the board again with GPIO0 at ground: --wait 60 gives you the time",
        ),
    ),
    Trouble.ECHO: Advice(
        "what the adapter sends comes straight back: its TX and RX are joined",
        (Wire.TX, Wire.RX),
        (
            "look for a solder bridge, or two wires in one row of the breadboard",
            "TX of the adapter goes to RX of the chip alone, and RX to its TX",
        ),
    ),
    Trouble.DEAF: Advice(
        "the chip is in its loader, and hears nothing: what the adapter sends does not reach its RX",
        (Wire.TX,),
        (
            "TX of the adapter goes to RX of the chip",
            "the adapter's signals are 3.3 V, not less; some have a jumper for that",
        ),
    ),
    Trouble.GPIO0: Advice(
        "the chip starts its firmware: GPIO0 was high when it was powered or reset",
        (Wire.GPIO0,),
        (
            "connect GPIO0 to GND",
            "take the power off and put it on again, or pull RESET to GND for a moment; GPIO0 stays at GND",
        ),
    ),
    Trouble.STRAPS: Advice(
        "the chip starts neither its loader nor its flash: GPIO15 was high, or GPIO2 low, when it was reset",
        (Wire.GPIO15, Wire.GPIO2),
        ("connect GPIO15 to GND, by 10 kOhm or less", "leave GPIO2 open", "reset it again"),
    ),
    Trouble.PROGRAM: Advice(
        "a program is running on the chip, or this is the port of something else",
        (Wire.GPIO0,),
        (
            "connect GPIO0 to GND, then power the board again",
            "choose another --port if there is no ESP8266 on this one",
        ),
    ),
    Trouble.RATE: Advice(
        "bytes arrive that mean nothing: the rate does not fit, or the line is bad",
        (Wire.GROUND, Wire.TX, Wire.RX),
        (
            "leave --baud away: 115200 is what every adapter carries",
            "shorten the wires; join the grounds",
        ),
    ),
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
    Trouble.SUPPLY: Advice(
        "the chip restarted in the middle of work: its supply broke down",
        (Wire.SUPPLY, Wire.GROUND),
        (
            "do not take the 3.3 V from the adapter: an FTDI chip gives 50 mA, the board takes over 300",
            "use a regulator that gives 500 mA, and 100 uF or more at the board",
            "shorten the wires of supply and ground",
        ),
    ),
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
}
