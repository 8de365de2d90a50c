# SPDX-License-Identifier: Apache-2.0
"""The USB serial bridges that ESP8266 boards and adapters have, by USB vendor and product.

Source: the device tables of Linux's drivers ftdi_sio, ch341, cp210x and pl2303, and what the boards'
schematics name. A CP2102 and a CP2104 share one product number, so it does not tell them apart.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Adapter:
    """A kind of USB serial bridge."""

    vid: int
    pid: int
    name: str
    driver: str  # the module of Linux
    boards: tuple[str, ...] = ()  # where it is usual


FTDI, WCH, SILABS, PROLIFIC = 0x0403, 0x1A86, 0x10C4, 0x067B
CABLES = ("USB cables and adapters",)

ADAPTERS = (
    Adapter(FTDI, 0x6001, "FTDI FT232R", "ftdi_sio", CABLES),
    Adapter(FTDI, 0x6010, "FTDI FT2232", "ftdi_sio"),
    Adapter(FTDI, 0x6011, "FTDI FT4232H", "ftdi_sio"),
    Adapter(FTDI, 0x6014, "FTDI FT232H", "ftdi_sio", CABLES),
    Adapter(FTDI, 0x6015, "FTDI FT231X", "ftdi_sio", CABLES),
    Adapter(WCH, 0x7523, "CH340", "ch341", ("NodeMCU v3", "D1 mini", "ESP-01 USB adapter")),
    Adapter(WCH, 0x7522, "CH340K", "ch341"),
    Adapter(WCH, 0x5523, "CH341", "ch341", ("CH341A programmer",)),
    Adapter(WCH, 0x55D3, "CH343", "cdc_acm"),
    Adapter(WCH, 0x55D4, "CH9102", "cdc_acm", ("newer NodeMCU and D1 mini",)),
    Adapter(SILABS, 0xEA60, "CP210x", "cp210x", ("NodeMCU v2", "D1 mini Pro", "Feather HUZZAH")),
    Adapter(SILABS, 0xEA70, "CP2105", "cp210x"),
    Adapter(SILABS, 0xEA71, "CP2108", "cp210x"),
    Adapter(PROLIFIC, 0x2303, "PL2303", "pl2303", CABLES),
    Adapter(PROLIFIC, 0x23A3, "PL2303GC", "pl2303", CABLES),
    Adapter(PROLIFIC, 0x23C3, "PL2303GT", "pl2303", CABLES),
)
_BY_ID = {(adapter.vid, adapter.pid): adapter for adapter in ADAPTERS}


def known(vid: int | None, pid: int | None) -> Adapter | None:
    """Return the bridge with these numbers."""
    return None if vid is None or pid is None else _BY_ID.get((vid, pid))
