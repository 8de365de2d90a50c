# SPDX-License-Identifier: Apache-2.0
"""USB serial adapters as data: which chip a vendor and product id mean.

The ids are those of the makers' own drivers and of the Linux kernel's (ch341, cp210x, ftdi_sio, pl2303).
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Adapter:
    """A bridge chip.

    Attributes:
        name: as it is printed on the chip.
        driver: the Linux kernel's module; None where the class driver for modems (cdc_acm) does.
        latency_timer: keeps bytes back until a packet is full or the timer is over (FTDI: AN232B-04).
    """

    name: str
    driver: str | None
    latency_timer: bool = False


FTDI = {
    0x6001: "FT232R",
    0x6010: "FT2232",
    0x6011: "FT4232",
    0x6014: "FT232H",
    0x6015: "FT231X",
}
CH34X = {
    0x7523: "CH340",
    0x7522: "CH340K",
    0x5523: "CH341",
}
CH_CDC = {  # serve the modem class
    0x55D2: "CH9102",
    0x55D3: "CH343",
    0x55D4: "CH9102F",
}
CP210X = {
    0xEA60: "CP2102",
    0xEA61: "CP2102",
    0xEA70: "CP2105",
    0xEA71: "CP2108",
    0xEA80: "CP2110",
}
PL2303 = {
    0x2303: "PL2303",
    0x23A3: "PL2303GC",
    0x23B3: "PL2303GB",
    0x23C3: "PL2303GT",
    0x23D3: "PL2303GL",
    0x23E3: "PL2303GE",
    0x23F3: "PL2303GS",
}

ADAPTERS: dict[tuple[int, int], Adapter] = {
    **{(0x0403, pid): Adapter(name, "ftdi_sio", latency_timer=True) for pid, name in FTDI.items()},
    **{(0x1A86, pid): Adapter(name, "ch341") for pid, name in CH34X.items()},
    **{(0x1A86, pid): Adapter(name, None) for pid, name in CH_CDC.items()},
    **{(0x10C4, pid): Adapter(name, "cp210x") for pid, name in CP210X.items()},
    **{(0x067B, pid): Adapter(name, "pl2303") for pid, name in PL2303.items()},
}


def adapter(vid: int | None, pid: int | None) -> Adapter | None:
    """Return the chip, if it is one that this table knows."""
    return ADAPTERS.get((vid, pid)) if vid is not None and pid is not None else None
