# SPDX-License-Identifier: Apache-2.0
"""Opening a port, and saying in a beginner's words why it cannot be opened.

Apart from `listing` the only file that imports pyserial; `open_port` of the package imports it late.
"""

import errno
import logging
import socket
import sys
from typing import Any
from urllib.parse import urlsplit

import serial

from esprom.errors import PortError
from esprom.port import Clock, Port
from esprom.port.serial_port import LINE_ERRORS, POLL_S, REFUSED, SerialPort, WallClock

WRITE_TIMEOUT_S = 10.0  # a driver that takes nothing for so long never will

ADVICE = {
    errno.ENOENT: "there is no such port; is the adapter plugged in? `esprom ports` lists what is there",
    errno.ENODEV: "the device is gone; unplug the adapter and plug it in again",
    errno.ENXIO: "the device is gone; unplug the adapter and plug it in again",
    errno.EACCES: (
        "you may not use this port; on Linux: sudo usermod -a -G dialout $USER, then log out and in again"
        " (the group is uucp on Arch); or another program holds it"
    ),
    errno.EPERM: "you may not use this port",
    errno.EBUSY: "another program holds it; close serial monitors and IDEs",
    errno.EAGAIN: "another program holds it; close serial monitors and IDEs",
    errno.ECONNREFUSED: "nothing listens there; start the server first, or check address and port number",
    errno.ETIMEDOUT: "nothing answers at this address; check it, and that no firewall is between",
    errno.EHOSTUNREACH: "there is no way to this address; check it, and the network",
    errno.ENETUNREACH: "there is no way to this address; check it, and the network",
    errno.EPIPE: "what listens there hung up; does another client hold the board?",
    errno.ECONNRESET: "what listens there hung up; does another client hold the board?",
    errno.ENOTTY: "this is no serial port; `esprom ports` lists what is there",
    errno.EISDIR: "this is a folder, no serial port; `esprom ports` lists what is there",
}
NETWORK = ("socket", "rfc2217")
NO_RFC2217 = "what listens there does not speak RFC2217; if it hands bytes through as they are, use socket://"
RFC2217_FAILURES = ("Remote does not", "Remote rejected", "timeout while waiting for option")
NO_LOW_LATENCY: tuple[type[Exception], ...] = (  # not this system, or not this driver
    NotImplementedError,
    AttributeError,
    *REFUSED,
)
WINDOWS_ADVICE = {"FileNotFoundError": errno.ENOENT, "PermissionError": errno.EBUSY}

log = logging.getLogger("esprom.port")


def open_port(url: str, baud: int) -> Port:
    """Open `url`; the contract is that of `esprom.port.open_port`."""
    scheme = url.lower().partition("://")[0] if "://" in url else ""
    if scheme in NETWORK and not _names_host_and_port(url):
        raise PortError(f"cannot open {url}: it should be like {scheme}://HOST:PORT, PORT a number", port=url)
    try:
        handle, clock = _simulated(url, baud) if scheme == "sim" else _real(url, baud, device=not scheme)
    except REFUSED as exc:
        reason = str(exc) if scheme == "sim" else _advice(exc)
        raise PortError(f"cannot open {url}: {reason}", port=url) from exc
    has_lines = scheme != "socket" and (bool(scheme) or _has_lines(handle))
    return SerialPort(handle, url, clock, has_modem_lines=has_lines)


def _real(url: str, baud: int, *, device: bool) -> tuple[Any, Clock]:
    # Only a device can be held exclusively, and only there does pyserial keep to a time limit for writing.
    limits: dict[str, Any] = {"exclusive": True, "write_timeout": WRITE_TIMEOUT_S} if device else {}
    handle = serial.serial_for_url(url, baudrate=baud, timeout=POLL_S, **limits)
    if device:
        _lower_latency(handle, url)
        if sys.platform == "darwin" and url.startswith("/dev/tty."):
            log.warning("%s is for calls that come in; use %s", url, url.replace("/dev/tty.", "/dev/cu.", 1))
    return handle, WallClock()


def _lower_latency(handle: Any, url: str) -> None:
    """Ask the driver to hand over what arrives at once; an FTDI chip waits 16 ms for more. Linux only."""
    try:
        handle.set_low_latency_mode(True)
    except NO_LOW_LATENCY as exc:
        log.debug("%s: no low latency mode: %s", url, exc)
    else:
        log.debug("%s: low latency mode", url)


def _simulated(url: str, baud: int) -> tuple[Any, Clock]:
    from esp8266sim.serve import sim

    handle = sim.Serial(url, baudrate=baud)
    handle.timeout = POLL_S
    return handle, handle.clock


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


def _advice(exc: Exception) -> str:
    if any(words in str(exc) for words in RFC2217_FAILURES):
        return NO_RFC2217
    cause = exc.__context__  # what pyserial has wrapped, as all that socket:// and rfc2217:// meet
    if isinstance(cause, socket.gaierror):
        return "no computer of that name is known; check how it is spelled, or give its address"
    if isinstance(cause, TimeoutError):
        return ADVICE[errno.ETIMEDOUT]
    number = getattr(exc, "errno", None)
    if number is None:  # on Windows pyserial tells the reason in its text alone
        number = next((code for text, code in WINDOWS_ADVICE.items() if text in str(exc)), None)
    if number is None and isinstance(cause, LINE_ERRORS) and cause.args:
        number = cause.args[0]  # of an OSError as of termios.error
    return ADVICE.get(number, str(exc)) if isinstance(number, int) else str(exc)
