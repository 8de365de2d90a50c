# SPDX-License-Identifier: Apache-2.0
"""Where names and passwords of Wi-Fi networks are, as far as their form shows them.

Two forms: the SDK's records, a name in 32 bytes with zeros behind it and a password in the 64 that follow
(the `station_config` and `softap_config` of its public headers; in the system parameters the length of the
name is in the word before, as a real flash shows); and text, as settings and scripts have it.
What hides in another form is not found, and the user is told so.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

NAME_SIZE, PASSWORD_SIZE = 32, 64  # bytes, of the SDK's records
SHORTEST_PASSWORD, LONGEST_PASSWORD = 8, 63  # of WPA, as text
KEY = re.compile(rb"[0-9A-Fa-f]{64}")  # of WPA, given in place of a password
LENGTH = 4  # bytes before a name, in the SDK's system parameters
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
        name = _text_of(data[at : at + NAME_SIZE]) if _begins(data, at) else None
        place = at + NAME_SIZE
        password = _text_of(data[place : place + PASSWORD_SIZE]) if name else None
        counted = name is not None and _is_counted(data, at, name)
        has_password = password is not None and _is_password(password)
        if name and (counted or (has_password and len(name) < NAME_SIZE)):
            yield Secret("name", at, len(name), name.decode(), "record")
            if password and has_password:
                yield Secret("password", place, len(password), password.decode(), "record")
            at += NAME_SIZE + PASSWORD_SIZE
        else:
            at += 4  # the fields of a record are words


def _begins(data: bytes, at: int) -> bool:
    """Tell whether no text goes on from before: a piece of one is no name."""
    return at == 0 or not 0x20 <= data[at - 1] < 0x7F


def _is_password(text: bytes) -> bool:
    return SHORTEST_PASSWORD <= len(text) <= LONGEST_PASSWORD or bool(KEY.fullmatch(text))


def _is_counted(data: bytes, at: int, name: bytes) -> bool:
    """Tell whether the length of the name stands before it, as the SDK has it: then it needs no password."""
    return at >= LENGTH and int.from_bytes(data[at - LENGTH : at], "little") == len(name)


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
