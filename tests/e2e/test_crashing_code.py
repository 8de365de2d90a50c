# SPDX-License-Identifier: Apache-2.0
"""Uploaded code that crashes or hangs: the board does as silicon would, says so, and serves on."""

import subprocess
import sys
from pathlib import Path

import pytest

from esprom.image.layout import ImageHeader, Segment, build_image
from tests import served

CODE = 0x40100000
# By what happens: the code at CODE, and what `sim registers` says of it afterwards.
PROGRAMS = {
    "stack overflow": ("12a100 000000", "dead (halted in the debug vector)"),  # movi a1, 256; ill
    "endless loop": ("06ffff", "in user code; pc 0x40100000"),  # j .
    "illegal instruction": ("000000", "in user code"),  # printed again and again
    "null call": ("02a000 c00000", "dead (halted in the debug vector)"),  # movi a0, 0; callx0 a0
}


def esprom(*words: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "esprom", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)


@pytest.mark.parametrize(
    "what",
    [what if what == "null call" else pytest.param(what, marks=pytest.mark.soak) for what in PROGRAMS],
)
def test_the_server_stays_and_tells(what: str, tmp_path: Path) -> None:
    code, state = PROGRAMS[what]
    image, trace = tmp_path / "image", tmp_path / "trace"
    data = bytes.fromhex(code)
    segment = Segment(CODE, data + bytes(-len(data) % 4))
    image.write_bytes(build_image(ImageHeader(1, 0, 0, CODE), (segment,)))
    options = ("--tcp", 0, "--pace", "max", "--trace", "cpu", "--trace-to", trace)
    noted = tmp_path / "noted"
    with noted.open("w") as stderr, served.process(*options, stderr=stderr) as server:
        url, control = server.urls["tcp"], server.urls["control"]
        assert esprom("--port", url, "load-ram", image).returncode == 0
        looked = esprom("sim", "registers", "--control", control).stdout
        assert state in looked
        assert "epc1 0x" in looked
        assert esprom("sim", "power-cycle", "--control", control).returncode == 0
        assert "5c:cf:7f:12:34:56" in esprom("--port", url, "read-mac").stdout
    written = trace.read_text()
    assert "uploaded or booted code is entered: code at 0x40100000" in written
    for said in (written, noted.read_text()):
        assert ("the CPU does nothing any more: dead" in said) == state.startswith("dead")
    assert trace.stat().st_mode & 0o77 == 0 or sys.platform == "win32"


def test_what_cannot_be_traced_is_refused(tmp_path: Path) -> None:
    done = esprom("sim", "serve", "--tcp", 0, "--trace", "wire,everything")
    assert done.returncode == 2
    assert "there is no 'everything'; there are wire, commands, mmio, cpu" in done.stderr
    done = esprom("sim", "serve", "--tcp", 0, "--trace", "cpu", "--trace-to", tmp_path / "no" / "where")
    assert done.returncode == 1
    assert "cannot write the trace" in done.stderr


def test_what_is_no_dump_is_refused(tmp_path: Path) -> None:
    dump = tmp_path / "dump"
    dump.write_bytes(bytes(1000))
    done = esprom("sim", "serve", "--tcp", 0, "--rom", dump)
    assert done.returncode == 1
    assert "the mask ROM has 65536 bytes, the dump 1000" in done.stderr


def test_what_cannot_be_disassembled_is_refused() -> None:
    with served.process("--tcp", 0) as server:
        control = server.urls["control"]
        done = esprom("sim", "disassemble", "0x40100000", 201, "--control", control)
        assert done.returncode == 2
        done = esprom("sim", "disassemble", "0x3ffe8000", 2, "--control", control)
        assert done.returncode == 0
        assert "nothing can be fetched" in done.stdout
