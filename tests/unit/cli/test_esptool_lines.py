# SPDX-License-Identifier: Apache-2.0
"""The expressions by which scripts read esptool's output, applied to ours (`specs/esptool-output.md`)."""

import re
from pathlib import Path

import pytest

import esprom
from esprom.cli.esptool_lines import preamble
from tests.unit.cli.conftest import FakeDevice, Run

IMAGE = esprom.make_image([esprom.Segment(0x40100000, b"code")], 0x40100000)[0].data
BOTH = {  # a verb in version 5's spelling, and what is searched for, whichever spelling it has
    "read-mac": [r"MAC:\s*([0-9a-f:]{17})", r"(?m)^MAC:\s*([0-9a-fA-F:]{17})\s*$", r"[0-9a-f:]{17}"],
    "chip-id": [r"Chip ID:\s+0x([0-9a-fA-F]+)", r"Detecting chip type... ESP8266\n", r"Features: +Wi-?Fi"],
    "flash-id": [
        r"Manufacturer:\s*(\w\w)\b",
        r"Device:\s*(\w{4})\b",
        r"(?m)^Detected flash size:\s*(\d+MB)$",
        r"Detected flash size: \d+[KM]B",
        r"Hard resetting via RTS pin\.\.\.",
    ],
    "erase-region 0x0 ALL": [r"Detected flash size: \d+[KM]B", r"(?i)erased? (?:completed )?successfully in"],
    "erase-flash --yes": [r"(?i)erased? (?:completed )?successfully in \d+\.\d seconds"],
    "read-flash 0 0x1000 out": [r"Read (\d+) bytes"],
    "write-flash 0x1000 data": [r"Wrote (\d+) bytes", "Hash of data verified"],
    "write-flash -e 0x1000 data": [r"(?i)erased? (?:completed )?successfully", "Hash of data verified"],
    "verify-flash 0x0 first": ["digest matched"],
    "read-mem 0x400c0000": ["0x400c0000 ="],
    "dump-mem 0x50000000 128 out": [r"(?:Read|Dumped) 128 bytes"],
    "image-info image": ["Detected image type: ESP8266"],
    "read-flash-status": [r"(?:status|Status value): (0x[\d|a-f]*)"],
    "--after no-reset read-mac": [r"Staying in bootloader\."],
    "--after soft-reset read-mac": [r"Soft resetting\.\.\."],
    "--after no-reset-stub read-mac": [r"Staying in flasher stub\."],
}
OLD = {
    "chip_id": [r"(?m)^Chip is ESP8266EX$", r"(?m)^Crystal is 26MHz$"],
    "erase_flash --yes": ["Chip erase completed successfully"],
    "erase_region 0 0x1000": ["Erase completed successfully in"],
    "write_flash -e 0 image -fm dout": ["Chip erase completed successfully", "Flash params set to 0x0300"],
    "verify_flash 0 first": [r"-- verify OK \(digest matched\)"],
    "write_mem 0x400C0000 0xabad1dea 0x0000ffff": ["Wrote abad1dea", "mask 0000ffff", "to 400c0000"],
    "dump_mem 0x50000000 128 out": ["Read 128 bytes"],
    "write_flash_status 0x0": [
        "Initial flash status: 0x0000",
        "Setting flash status: 0x0000",
        "After flash status:   0x0000",
    ],
    "read_flash 0 16 out": [r"Read 16 bytes at 0x00000000 in \d+\.\d seconds \(.*\)\.\.\."],
    "image_info image": [
        r"File size: 32 \(bytes\)",
        "Image version: 1",
        "Entry point: 40100000",
        "1 segments",
        r"Checksum: eb \(valid\)",
    ],
    "make_image -f first -a 0x40100000 out": [r"Successfully created esp8266 image\."],
}
NEW = {
    "chip-id": [
        r"(?m)^Chip type:\s*(ESP8266\w*)",
        r"Crystal frequency:\s*26MHz",
        "Connected to ESP8266 on fake:",
    ],
    "erase-flash --yes": ["Flash memory erased successfully in"],
    "erase-region 0 0x1000": ["Flash memory region erased successfully in"],
    "write-flash -fm dout 0 image": [r"Flash parameters set to 0x0300\."],
    "verify-flash 0 first": [r"Verification successful \(digest matched\)\."],
    "write-mem 0x3ffe8000 0x12": ["Wrote 0x00000012 with mask 0xffffffff to 0x3ffe8000."],
    "image-info image": [
        "Image size: 32 bytes",
        "Entry point: 0x40100000",
        "Segments: 1",
        r"Checksum: 0xeb \(valid\)",
    ],
    "read-flash 0 16 out": [r"Read 16 bytes from 0x00000000 in \d+\.\d seconds \(.*\) to 'out'\."],
}
IMAGE = bytes.fromhex("e9010000 00001040 00001040 04000000 01020304") + bytes(11) + b"\xeb"


def old_spelling(words: str) -> str:
    verbs = {line.split()[-1 if line.startswith("--after") else 0] for line in BOTH}
    return " ".join(word.replace("-", "_") if word in verbs else word for word in words.split())


@pytest.mark.spec("LINES-1", "LINES-3")
@pytest.mark.parametrize(
    ("words", "searched"),
    [
        *BOTH.items(),
        *((old_spelling(words), found) for words, found in BOTH.items()),
        *OLD.items(),
        *NEW.items(),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_scripts_search_for_is_found(
    run: Run, device: FakeDevice, tmp_path: Path, words: str, searched: list[str]
) -> None:
    (tmp_path / "data").write_bytes(b"some data")
    (tmp_path / "first").write_bytes(bytes(device.cells[:16]))
    (tmp_path / "image").write_bytes(IMAGE)
    ran = run(*words.split())
    assert ran.code == 0, ran.err
    for expression in searched:
        assert re.search(expression, ran.out), f"{expression} is not in {ran.out}"


@pytest.mark.spec("LINES-2")
def test_a_reset_that_nothing_was_heard_of_is_not_told(run: Run, device: FakeDevice) -> None:
    device.was_reset, device.needs_power_cycle = False, True
    ran = run("read-mac")
    assert "Hard resetting" not in ran.out
    assert "Take GPIO0 off GND and power-cycle" in ran.err


@pytest.mark.spec("LINES-4")
def test_what_would_not_be_true_is_not_said(run: Run, tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(b"some data")
    ran = run("write_flash", "0x1234", tmp_path / "data")
    assert not re.search(r"will be erased|Compressed|Uploading stub|Connecting\.", ran.out)


@pytest.mark.spec("LINES-5")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("verify_flash --diff=yes 0x6000 data", r"verify FAILED: \d+ differences, first @ 0x00006000"),
        ("verify-flash 0x6000 data", r"Verification failed \(digest mismatch\)"),
        ("write_flash 0 data 4 data", "Detected overlap at address: 0x4 "),
        ("write_flash 0xffffff data", r"File 'data' \(length 9\) at offset 0x00ffffff will not fit"),
    ],
)
def test_failures(run: Run, tmp_path: Path, words: str, said: str) -> None:
    (tmp_path / "data").write_bytes(b"some data")
    ran = run(*words.split())
    assert ran.code != 0
    assert re.search(said, ran.out + ran.err)
    assert ran.err.splitlines()[-1].startswith("esprom: ")


@pytest.mark.parametrize(
    ("old", "line"),
    [(False, "Features:           Wi-Fi, 160MHz, Embedded Flash"), (True, "Features: WiFi, Embedded Flash")],
)
def test_a_flash_that_is_inside_is_told_as_esptool_does(old: bool, line: str) -> None:
    with esprom.connect("sim://esp8285") as device:
        assert line in preamble(device, old=old, detected=False)


@pytest.mark.spec("LINES-2")
def test_nothing_stays_in_a_loader_that_is_gone(run: Run, tmp_path: Path) -> None:
    (tmp_path / "app").write_bytes(IMAGE)
    ran = run("--after", "no-reset", "load-ram", tmp_path / "app")
    assert ran.code == 0
    assert "Staying" not in ran.out


@pytest.mark.parametrize("words", [["write-flash", "-e", "0", "app"], ["erase-region", "0", "all"]])
def test_before_all_is_erased_it_is_said_whether_a_backup_is_at_hand(
    run: Run, tmp_path: Path, words: list[str]
) -> None:
    (tmp_path / "app").write_bytes(IMAGE)
    ran = run(*words)
    assert ran.code == 0
    assert (
        "about to erase the whole flash of 5c:cf:7f:00:12:34, 1MB; no proven backup of this board" in ran.err
    )
