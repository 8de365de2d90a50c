# SPDX-License-Identifier: Apache-2.0
"""USB serial bridges as data: how they collect bytes for the host, and which rates they make.

A bridge divides a clock, so the rate that it produces is seldom the one it was asked for (LINE-15). Sources
are named with each; what is an assumption says so.
"""

from dataclasses import dataclass

from esp8266sim.clock import MS, US


@dataclass(frozen=True, slots=True)
class RateGenerator:
    """How a bridge makes its bit clock: `clock_hz` over a prescaler over a divisor.

    Each prescaler gets the divisor that rounding gives, as drivers do it; of those rates the closest is made.

    Attributes:
        clock_hz: the clock that is divided, in hertz.
        dividers: each prescaler with the divisors that may follow it; of equally close ones the first.
        menu: where the bridge knows named rates only: the highest asked rate that gets it, and it; rising.
    """

    clock_hz: int
    dividers: tuple[tuple[int, range], ...]
    menu: tuple[tuple[int, int], ...] = ()

    def actual(self, asked: float) -> float:
        """Return the rate that the bridge makes when it is asked for `asked` baud."""
        if self.menu:
            asked = next((rate for most, rate in self.menu if asked <= most), self.menu[-1][1])
        made = (self._closest(prescaler, divisors, asked) for prescaler, divisors in self.dividers)
        return min(made, key=lambda rate: abs(rate - asked))

    def _closest(self, prescaler: int, divisors: range, asked: float) -> float:
        divisor = round(self.clock_hz / (prescaler * asked))
        return self.clock_hz / prescaler / min(max(divisor, divisors[0]), divisors[-1])


@dataclass(frozen=True, slots=True)
class BridgeModel:
    """A USB serial bridge.

    What was received goes to the host when it fills a packet, or by whichever of the two timers the bridge
    has. At least one of them is there.

    Attributes:
        payload: data bytes that one USB packet brings to the host.
        latency_ps: how long a received byte waits for others at most; 0 sends at once, None is no such timer.
        idle_bits: bit times of silence on the line after which what waits is sent; None is no such timer.
        turnaround_ps: what USB costs from the host's write to the wire.
        rates: how it makes its baud rate; None: exactly as asked.
    """

    name: str
    payload: int
    latency_ps: int | None
    turnaround_ps: int
    source: str
    idle_bits: int | None = None
    rates: RateGenerator | None = None


TURNAROUND_PS = 125 * US  # an assumption for all of them: one USB microframe

FTDI = BridgeModel(
    name="FT232R",
    payload=62,  # 64-byte packets, two bytes of which are modem and line status
    latency_ps=16 * MS,
    turnaround_ps=TURNAROUND_PS,
    # 3 MHz over n + 0, 1/8 ... 7/8, counted in eighths; below two there is 1 and 1.5 only
    rates=RateGenerator(24_000_000, ((8, range(1, 2)), (12, range(1, 2)), (1, range(16, 1 << 17)))),
    source="FTDI FT232R datasheet and AN232B-04 (latency timer 16 ms at power-on, 1 ms at least), "
    "AN232B-05 (divisors); the turnaround is an assumption",
)

# Silicon Labs AN205, table 1: the highest rate that may be asked for, and what it is taken for.
AN205 = (
    (300, 300),
    (600, 600),
    (1200, 1200),
    (1800, 1800),
    (2400, 2400),
    (4000, 4000),
    (4803, 4800),
    (7207, 7200),
    (9612, 9600),
    (14428, 14400),
    (16062, 16000),
    (19250, 19200),
    (28912, 28800),
    (38601, 38400),
    (51558, 51200),
    (56280, 56000),
    (58053, 57600),
    (64111, 64000),
    (77608, 76800),
    (117028, 115200),
    (129347, 128000),
    (156868, 153600),
    (237832, 230400),
    (254234, 250000),
    (273066, 256000),
    (491520, 460800),
    (567138, 500000),
    (670254, 576000),
    (1053257, 921600),
)
CP210X_DIVIDERS = ((1, range(12, 1 << 16)), (4, range(1 << 14, 1 << 16)))  # 2 Mbaud at most

CP2102 = BridgeModel(
    name="CP2102",
    payload=64,
    latency_ps=None,
    idle_bits=18,
    turnaround_ps=TURNAROUND_PS,
    rates=RateGenerator(24_000_000, CP210X_DIVIDERS, AN205),
    source="Silicon Labs CP2102 datasheet (64-byte bulk endpoint) and AN205 (rates by table; 24 MHz over a "
    "whole divisor; the receive timeouts of the default configuration, 938 us at 19200 and 470 us at 38400 "
    "baud, are 18 bit times, which is taken for all rates); above 1053257 baud undefined, taken as 921600; "
    "the turnaround is an assumption",
)

CP2104 = BridgeModel(
    name="CP2104",
    payload=64,
    latency_ps=None,
    idle_bits=18,
    turnaround_ps=TURNAROUND_PS,
    rates=RateGenerator(24_000_000, CP210X_DIVIDERS),
    source="the Linux kernel's change log of its cp210x driver (24 MHz over a whole divisor, up to 2 Mbaud); "
    "packets and receive timeout as the CP2102's, which is an assumption",
)

CH340 = BridgeModel(
    name="CH340",
    payload=32,
    latency_ps=1 * MS,
    turnaround_ps=TURNAROUND_PS,
    rates=RateGenerator(
        12_000_000,
        ((1, range(9, 257)), *((prescaler, range(2, 257)) for prescaler in (2, 8, 16, 64, 128, 512, 1024))),
    ),
    source="github.com/nospam2000/ch341-baudrate-calculation, which measured it (12 MHz over prescaler and "
    "divisor; 32-byte packets, which drivers tell it not to wait for); that bytes wait for the next 1 ms USB "
    "frame, and the turnaround, are assumptions; the longer stop bits it sends above 500000 baud are not "
    "modelled",
)

BRIDGES = {"ftdi": FTDI, "cp2102": CP2102, "cp2104": CP2104, "ch340": CH340}
