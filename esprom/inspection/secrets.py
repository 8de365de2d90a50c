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
WORD = 4  # bytes
_KEY = rb"[Ss](?i:sid)|[Pp](?i:sk|assw(?:or)?d|ass|assphrase|wd)|[Ww](?i:pa_?key)"  # quick to look for
_ASSIGNED = rb"\d?[\"']?\s*[:=]"  # behind a key
_DOUBLE, _SINGLE = rb'"((?:[^"\\\x00-\x1f]|\\.){1,80})"', rb"'((?:[^'\\\x00-\x1f]|\\.){1,80})'"
_NEXT = rb"[\s&;,|]+[\"']?(?i:sta_?|ap_?|wifi_?)?(?:" + _KEY + rb")" + _ASSIGNED  # in the same line
_BARE = (  # to the end of the line, since a password may have spaces, or to what is told next
    rb"([^\s\"'\x00-\x1f](?:(?!" + _NEXT + rb")[^\x00-\x1f\x7f]){0,79})"
)
_TEXT = re.compile(
    rb"(" + _KEY + rb")" + _ASSIGNED + rb"\s*(?:" + _DOUBLE + rb"|" + _SINGLE + rb"|" + _BARE + rb")"
)
_LUA = re.compile(
    rb"wifi\.sta\.config\s*\(\s*\{?[\"']([^\"'\x00]{1,32})[\"']\s*,\s*[\"']([^\"'\x00]{0,64})[\"']"
)
_RECORD = (
    re.compile(  # where a name may begin: behind no text, with a zero at its end or its length before it
        rb"(?s)[ -~\xc2-\xf4](?:(?<![ -~].)(?=.{30}\0)|(?<=\x20\0\0\0.))"
    )
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
    end = part.start  # of the record before
    for match in _RECORD.finditer(data, part.start, part.stop):
        at = match.start()
        aligned = (at - end) % WORD == 0  # the fields of a record are words
        if at < end or not aligned or at + NAME_SIZE + PASSWORD_SIZE > part.stop:
            continue
        found = tuple(_record(data, at))
        if found:
            yield from found
            end = at + NAME_SIZE + PASSWORD_SIZE


def _record(data: bytes, at: int) -> Iterator[Secret]:
    """Yield the name, and the password if there is one, of the record that may be at an address."""
    place = at + NAME_SIZE
    name = _text_of(data[at:place])
    if not name:
        return
    password = _text_of(data[place : place + PASSWORD_SIZE])
    has_password = password is not None and _is_password(password)
    if _is_counted(data, at, name) or (has_password and len(name) < NAME_SIZE):
        yield Secret("name", at, len(name), name.decode(), "record")
        if password and has_password:
            yield Secret("password", place, len(password), password.decode(), "record")


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
    return Secret(kind, match.start(group), len(text), _shown(text), "text")


def _shown(text: bytes) -> str:
    """Return text to show: of what is no text, or would act on a terminal, its number."""
    characters = text.decode(errors="backslashreplace")
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in characters)
