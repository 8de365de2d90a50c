# SPDX-License-Identifier: Apache-2.0
"""The wires between an adapter and an ESP-01, as data, and a drawing of them with the suspects marked."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from html import escape


class Wire(Enum):
    """A connection that a board needs. The value is its end at the board."""

    TX = "RX"  # named after the adapter's end
    RX = "TX"
    GROUND = "GND"
    SUPPLY = "VCC"
    ENABLE = "CH_PD (EN)"
    GPIO0 = "GPIO0"
    GPIO2 = "GPIO2"
    GPIO15 = "GPIO15"
    RESET = "RESET"
    FLASH_DATA = "flash chip"


@dataclass(frozen=True, slots=True)
class Connection:
    """One row of the drawing."""

    wire: Wire
    adapter: str  # where it begins; empty for a pin that is left open
    note: str


CONNECTIONS = (
    Connection(Wire.TX, "TX", "crossed: TX to RX"),
    Connection(Wire.RX, "RX", "crossed: RX to TX"),
    Connection(Wire.GROUND, "GND", "adapter, supply and board share it"),
    Connection(Wire.SUPPLY, "3.3 V, 500 mA", "from a regulator, not from the adapter's 3V3 pin"),
    Connection(Wire.ENABLE, "3.3 V", "high, or the chip stays off"),
    Connection(Wire.GPIO0, "GND", "low while the power comes on or reset is let go"),
    Connection(Wire.GPIO2, "", "open or high"),
    Connection(Wire.GPIO15, "GND", "low; an ESP-01 has that on the module"),
    Connection(Wire.RESET, "", "open or high"),
    Connection(Wire.FLASH_DATA, "", "on the module: nothing of yours on GPIO6 to GPIO11"),
)
LEFT, MIDDLE = 15, 24  # characters
MARK = "  <-- look here"


def wiring_drawing(suspects: Iterable[Wire]) -> list[str]:
    """Return the wires as lines of text."""
    marked = set(suspects)
    lines = [f"{'adapter, supply':>{LEFT}}{'':{MIDDLE}}board"]
    for connection in CONNECTIONS:
        line = "o" + "-" * (MIDDLE - 2) + "o" if connection.adapter else " " * (MIDDLE - 1) + "o"
        mark = MARK if connection.wire in marked else ""
        lines.append(
            f"{connection.adapter:>{LEFT - 1}} {line} {connection.wire.value:<11} {connection.note}{mark}"
        )
    return lines


def picture(suspects: Iterable[Wire]) -> str:
    """Return the same as SVG, the suspects thick and red."""
    marked = set(suspects)
    rows = []
    for number, connection in enumerate(CONNECTIONS):
        y = 34 + number * 30
        bad = connection.wire in marked
        colour, width = ("#D55E00", 4) if bad else ("#555", 2)
        if connection.adapter:
            rows.append(
                f'<line x1="130" y1="{y}" x2="330" y2="{y}" stroke="{colour}" stroke-width="{width}"/>'
                f'<text x="118" y="{y + 5}" text-anchor="end">{escape(connection.adapter)}</text>'
            )
        note = "#D55E00" if bad else "#666"
        rows.append(
            f'<circle cx="330" cy="{y}" r="5" fill="{colour}"/>'
            f'<text x="345" y="{y + 5}" font-weight="bold">{escape(connection.wire.value)}</text>'
            f'<text x="455" y="{y + 5}" fill="{note}">{escape(connection.note)}</text>'
        )
    height = 34 + len(CONNECTIONS) * 30
    return (
        f'<svg id="wiring" role="img" aria-label="wiring" viewBox="0 0 860 {height}" width="860"'
        ' font-size="14" font-family="system-ui, sans-serif">'
        '<text x="118" y="14" text-anchor="end" fill="#888">adapter, supply</text>'
        f'<text x="330" y="14" fill="#888">board</text>{"".join(rows)}</svg>'
    )
