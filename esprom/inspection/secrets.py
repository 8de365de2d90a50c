# SPDX-License-Identifier: Apache-2.0
"""Where names and passwords of Wi-Fi networks are, as far as their form shows them.

Two forms: the SDK's records, a name in 32 bytes with zeros behind it and a password in the 64 that follow
(the `station_config` and `softap_config` of its public headers); and text, as settings and scripts have it.
What hides in another form is not found, and the user is told so.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

NAME_SIZE, PASSWORD_SIZE = 32, 64  # bytes, of the SDK's records
SHORTEST_PASSWORD = 8  # of WPA
_KEY = rb"(?:sta_?|ap_?|wifi_?)?(ssid|psk|passw(?:or)?d|pass|passphrase|pwd|wpa_?key)\d?"
_DOUBLE, _SINGLE = rb'"((?:[^"\\\x00-\x1f]|\\.){1,80})"', rb"'((?:[^'\\\x00-\x1f]|\\.){1,80})'"
_BARE = rb"([^\s\"'\x00-\x1f][^\x00-\x1f\x7f]{0,79})"  # to the end of the line: a password may have spaces
_TEXT = re.compile(
    rb"(?i)[\"']?" + _KEY + rb"[\"']?\s*[:=]\s*(?:" + _DOUBLE + rb"|" + _SINGLE + rb"|" + _BARE + rb")"
)
_LUA = re.compile(
    rb"wifi\.sta\.config\s*\(\s*\{?[\"']([^\"'\x00]{1,32})[\"']\s*,\s*[\"']([^\"'\x00]{0,64})[\"']"
)
SSID = b"ssid"


@dataclass(frozen=True, slots=True)
class Secret:
    """A name or a password."""

    kind: str  # "name" or "password"
    offset: int
    size: int  # bytes, at least 1
    text: str
    form: str  # "record" or "text"


def secrets(data: bytes, parts: tuple[range, ...]) -> list[Secret]:
    """Return what was found in some parts of a flash, by address.

    Parts are what is no firmware image: there a text like `password=%s` is a piece of the program.
    """
    found: dict[int, Secret] = {}
    for part in parts:
        for secret in (*_in_records(data, part), *_in_text(data, part), *_in_lua(data, part)):
            found.setdefault(secret.offset, secret)
    return sorted(found.values(), key=lambda secret: secret.offset)


def _in_records(data: bytes, part: range) -> Iterator[Secret]:
    at = part.start
    while at + NAME_SIZE + PASSWORD_SIZE <= part.stop:
        name = _text_of(data[at : at + NAME_SIZE])
        password = _text_of(data[at + NAME_SIZE : at + NAME_SIZE + PASSWORD_SIZE])
        if name and password and len(password) >= SHORTEST_PASSWORD:
            yield Secret("name", at, len(name), name.decode(), "record")
            place = at + NAME_SIZE
            yield Secret("password", place, len(password), password.decode(), "record")
            at += NAME_SIZE + PASSWORD_SIZE
        else:
            at += 4  # the fields of a record are words


def _text_of(field: bytes) -> bytes | None:
    """Return the text (UTF-8) in a field that is text and then zeros; None for any other."""
    text = field.rstrip(b"\0")
    try:
        return text if text.decode().isprintable() else None
    except UnicodeDecodeError:
        return None


def _in_text(data: bytes, part: range) -> Iterator[Secret]:
    for match in _TEXT.finditer(data, part.start, part.stop):
        group = next(number for number in (2, 3, 4) if match[number] is not None)
        kind = "name" if match[1].lower() == SSID else "password"
        yield _secret(kind, match, group)


def _in_lua(data: bytes, part: range) -> Iterator[Secret]:
    for match in _LUA.finditer(data, part.start, part.stop):
        yield _secret("name", match, 1)
        if match[2]:
            yield _secret("password", match, 2)


def _secret(kind: str, match: re.Match[bytes], group: int) -> Secret:
    text = match[group]
    return Secret(kind, match.start(group), len(text), text.decode("latin-1"), "text")
