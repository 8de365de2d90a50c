# SPDX-License-Identifier: Apache-2.0
"""Opening a port, and saying in a beginner's words why it cannot be opened.

Apart from `listing` the only file that imports pyserial; `open_port` of the package imports it late.
"""

import errno
import logging
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import serial

from esprom.errors import PortError
from esprom.port import Port, surroundings
from esprom.port.hindrances import Facts, not_allowed
from esprom.port.reading import POLL_S, PolledReader, SelectReader
from esprom.port.serial_port import LINE_ERRORS, REFUSED, Link, SerialPort, WallClock

NETWORK = ("socket", "rfc2217")  # there a purge costs a round trip, or is not to be had
# Where CP210x begin, and the highest of an FT232H; the chip's own end in between, at 5 Mbaud or so.
LOWEST_BAUD, HIGHEST_BAUD = 300, 12_000_000
WRITE_TIMEOUT_S = 10.0  # a driver that takes nothing for so long never will

GONE = "the device is gone; unplug the adapter and plug it in again"
HELD = "another program holds it; close serial monitors and IDEs"
NO_SERIAL_PORT = "this is no serial port; `esprom ports` lists what is there"
HUNG_UP = "what listens there hung up; does another client hold the board?"
UNREACHABLE = "that address cannot be reached from here; check it, and the network"
ADVICE = {
    errno.ENOENT: "there is no such port; is the adapter plugged in? `esprom ports` lists what is there",
    errno.ENODEV: GONE,
    errno.ENXIO: GONE,
    errno.EIO: GONE,
    errno.EBUSY: HELD,
    errno.EAGAIN: HELD,
    errno.ENOTTY: NO_SERIAL_PORT,
    errno.EISDIR: "this is a folder, no serial port; `esprom ports` lists what is there",
    errno.EINVAL: NO_SERIAL_PORT,
    errno.ECONNREFUSED: "nothing listens there; start the server first, or check address and port number",
    errno.ECONNRESET: HUNG_UP,
    errno.EHOSTUNREACH: UNREACHABLE,
    errno.ENETUNREACH: UNREACHABLE,
    errno.ETIMEDOUT: UNREACHABLE,
    errno.EPIPE: HUNG_UP,
}
NO_RFC2217 = "what listens there does not speak RFC2217; if it hands bytes through as they are, use socket://"
RFC2217_FAILURES = ("Remote does not", "Remote rejected", "timeout while waiting for option")
NO_LOW_LATENCY: tuple[type[Exception], ...] = (  # not this system, or not this driver
    NotImplementedError,
    AttributeError,
    *REFUSED,
)
DENIED = (errno.EACCES, errno.EPERM)
WINDOWS_ADVICE = {"FileNotFoundError": errno.ENOENT, "PermissionError": errno.EBUSY}

log = logging.getLogger("esprom.port")


def open_port(url: str, baud: int) -> Port:
    """Open `url`; the contract is that of `esprom.port.open_port`."""
    if not LOWEST_BAUD <= baud <= HIGHEST_BAUD:
        raise PortError(
            f"cannot open {url}: no adapter carries {baud} baud to an ESP8266; choose a rate from"
            f" {LOWEST_BAUD} to {HIGHEST_BAUD}: 115200 is the usual one",
            port=url,
        )
    scheme = url.lower().partition("://")[0] if "://" in url else ""
    if scheme in NETWORK and not _names_host_and_port(url):
        raise PortError(f"cannot open {url}: it should be like {scheme}://HOST:PORT, PORT a number", port=url)
    again = partial(_link, url, scheme)
    link = again(baud)
    has_lines = scheme != "socket" and (bool(scheme) or _has_lines(link.handle))
    purge = scheme not in NETWORK
    return SerialPort(link, url, has_modem_lines=has_lines, purge=purge, again=again)


def virtual_boards() -> tuple[str, ...]:
    """Return the virtual boards, as what to give to `connect`: sim://esp01 and others."""
    from esp8266sim.profiles import PROFILES

    return tuple(f"sim://{name}" for name in PROFILES)


def _link(url: str, scheme: str, baud: int) -> Link:
    try:
        if scheme == "sim":
            return _simulated(url, baud)
        return _device(url, baud) if not scheme else _remote(url, scheme, baud)
    except REFUSED as exc:
        reason = str(exc) if scheme == "sim" else _advice(exc, url)
        raise PortError(f"cannot open {url}: {reason}", port=url) from exc


def _device(url: str, baud: int) -> Link:
    """Open a device of this computer: only such a one can be held exclusively, and limits writing in time."""
    waited_for = os.name == "posix"
    handle = serial.serial_for_url(
        url,
        baudrate=baud,
        timeout=0 if waited_for else POLL_S,
        exclusive=True,
        write_timeout=WRITE_TIMEOUT_S,
    )
    _lower_latency(handle, url)
    if sys.platform == "darwin" and url.startswith("/dev/tty."):
        log.warning("%s is for calls that come in; use %s", url, url.replace("/dev/tty.", "/dev/cu.", 1))
    clock = WallClock()
    return Link(handle, SelectReader(handle) if waited_for else PolledReader(handle, clock), clock)


def _lower_latency(handle: Any, url: str) -> None:
    """Ask the driver to hand over what arrives at once; an FTDI chip waits 16 ms for more. Linux only."""
    try:
        handle.set_low_latency_mode(True)
    except NO_LOW_LATENCY as exc:
        log.debug("%s: no low latency mode: %s", url, exc)
    else:
        log.debug("%s: low latency mode", url)


def _remote(url: str, scheme: str, baud: int) -> Link:
    if scheme != "socket":
        return Link.polled(serial.serial_for_url(url, baudrate=baud, timeout=POLL_S), WallClock())
    handle: Any = serial.serial_for_url(url, baudrate=baud, timeout=0)
    with suppress(OSError), socket.fromfd(handle.fileno(), socket.AF_INET, socket.SOCK_STREAM) as same:
        # Requests are small, and many are on their way at once.
        same.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return Link(handle, SelectReader(handle), WallClock())


def _simulated(url: str, baud: int) -> Link:
    from esp8266sim.serve import sim

    handle = sim.Serial(url, baudrate=baud, timeout=POLL_S)
    return Link.polled(handle, handle.clock)


def _has_lines(handle: Any) -> bool:
    """Ask a device for an input line: a pseudo terminal has none, and says so."""
    try:
        return handle.cts is not None
    except LINE_ERRORS:
        return False


def _names_host_and_port(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.hostname and parts.port)
    except ValueError:  # a port number that is none
        return False


def _advice(exc: Exception, url: str) -> str:
    if any(words in str(exc) for words in RFC2217_FAILURES):
        return NO_RFC2217
    if any(isinstance(cause, socket.gaierror) for cause in _causes(exc)):
        return "no computer of that name is known; check how it is spelled, or give its address"
    if any(isinstance(cause, TimeoutError) for cause in _causes(exc)):
        return UNREACHABLE
    number = next((number for cause in _causes(exc) if (number := _number(cause)) is not None), None)
    if number is None:  # on Windows pyserial tells the reason in its text alone
        number = next((code for text, code in WINDOWS_ADVICE.items() if text in str(exc)), None)
    if number in DENIED:
        group, enrolled = surroundings.group_of(url)
        return not_allowed(Facts(sys.platform, url, usable=False, group=group, enrolled=enrolled)).text
    return ADVICE.get(number, _one_line(exc)) if number is not None else _one_line(exc)


def _causes(exc: BaseException) -> Iterator[BaseException]:
    """Yield the error and those that it wraps: pyserial does not always pass the reason on."""
    found: BaseException | None = exc
    while found is not None:
        yield found
        found = found.__cause__ or found.__context__


def _number(exc: BaseException) -> int | None:
    """Return the system's error number. That of `termios.error`, which is no OSError, is an argument."""
    number = getattr(exc, "errno", None) or (exc.args[0] if exc.args else None)
    return number if isinstance(number, int) else None


def _one_line(exc: Exception) -> str:
    return " ".join(str(exc).split())
