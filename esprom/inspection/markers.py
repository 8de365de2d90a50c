# SPDX-License-Identifier: Apache-2.0
"""What firmware says of itself: names and versions that its builders leave in it, as data.

Found in real firmware (tests/e2e/test_real_firmware.py): 2nd boot, rBoot, the non-OS SDK by a version with
its commit, esp-open-rtos, NodeMCU's releases, CircuitPython, MicroPython, Espruino, ESP8266 Basic, Punyforth,
the Arduino core. Read in public sources, or in boot logs that people published: NodeMCU's custom builds,
ESPHome's version. All others are written down from memory: firmware may call itself otherwise, and not be
found.

A text may be there without its project
being what runs (a boot loader's, a library's), so what is found is told with its place, and no more claimed.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Marker:
    """A text, and whose it is. A group in the pattern is the version."""

    name: str
    pattern: bytes
    kind: str  # "firmware", "sdk", "boot loader", "library"


MARKERS = (
    Marker("2nd boot", rb"2nd boot version : ([\w.()-]{1,32})", "boot loader"),
    Marker("boot", rb"\bboot v(\d\.\d(?:\([\w]+\))?)", "boot loader"),
    Marker("rBoot", rb"rBoot v(\d+\.\d+\.\d+)", "boot loader"),
    Marker("non-OS SDK", rb"SDK ver(?:sion)?: ?(\d[\w.()-]{2,40})", "sdk"),
    Marker("non-OS SDK", rb"\b(\d\.\d\.\d(?:\.\d)?(?:-dev)?\([0-9a-f]{7,8}\))", "sdk"),
    Marker("RTOS SDK", rb"ESP8266_RTOS_SDK|ESP-IDF v(\d[\w.-]{2,40})", "sdk"),
    Marker("esp-open-rtos", rb"ESP-Open-SDK ver|esp-open-rtos", "sdk"),
    Marker("AT firmware", rb"AT version: ?(\d[\w.]{2,20})", "firmware"),
    Marker("NodeMCU", rb"NodeMCU custom build[^\0]{0,80}?branch: (\d[\w.-]{2,40})", "firmware"),
    Marker("NodeMCU", rb"NodeMCU (\d[\w.-]{2,40})", "firmware"),
    Marker("CircuitPython", rb"CircuitPython (\d[\w.+-]{2,40})", "firmware"),
    Marker("MicroPython", rb"MicroPython v(\d[\w.+-]{2,60})", "firmware"),
    Marker("Tasmota", rb"Tasmota[ /]v?(\d+\.\d+\.\d+(?:\.\d+)?)", "firmware"),
    Marker("Tasmota", rb"Tasmota", "firmware"),
    Marker("ESPEasy", rb"ESP ?Easy(?:[ _-]Mega)?", "firmware"),
    Marker("ESPHome", rb"ESPHome version (\d[\w.-]{2,20})", "firmware"),
    Marker("ESPHome", rb"esphome\.", "firmware"),
    Marker("ESPurna", rb"ESPURNA", "firmware"),
    Marker("WLED", rb"WLED", "firmware"),
    Marker("Espruino", rb"Espruino (\dv\d{2,3}(?:\.\d+)?)", "firmware"),
    Marker("ESP8266 Basic", rb"ESP Basic (\d[\w.]{2,20}(?: \d+)?)", "firmware"),
    Marker("Punyforth", rb"Loading Punyforth", "firmware"),
    Marker("Mongoose OS", rb"mgos_", "firmware"),
    Marker("Shelly", rb"shelly[a-z0-9]*-", "firmware"),
    Marker("Arduino core", rb"esp8266[\\/](\d+\.\d+\.\d+)[\\/]cores|core_esp8266_\w+\.cpp", "library"),
    Marker("lwIP", rb"lwIP[- ](\d[\w.-]{2,20})|lwip/", "library"),
    Marker("axTLS", rb"axTLS", "library"),
    Marker("BearSSL", rb"BearSSL", "library"),
)
_PATTERNS = tuple((marker, re.compile(marker.pattern)) for marker in MARKERS)


@dataclass(frozen=True, slots=True)
class Found:
    """A text that was found."""

    name: str
    kind: str
    version: str | None
    offset: int


def markers(data: bytes) -> Iterator[Found]:
    """Yield the first place of each name and version, in the order of `MARKERS`."""
    seen: set[str] = set()
    for marker, pattern in _PATTERNS:
        for match in pattern.finditer(data):
            version = next((group.decode("latin-1") for group in match.groups() if group), None)
            if version is None and marker.name in seen:
                break
            if f"{marker.name} {version}" not in seen:
                seen |= {marker.name, f"{marker.name} {version}"}
                yield Found(marker.name, marker.kind, version, match.start())
