# SPDX-License-Identifier: Apache-2.0
"""What each command does to the board and prints, on a board in memory."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import esprom
from esprom.errors import FlashProtected, VerifyFailed
from tests.unit.flash.test_sfdp import MX25R8035F, headers, whole

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.cli.conftest import FakeDevice, Run, SitDown

# A version 1 image: one segment of 4 bytes at 0x40100000, its checksum at 0x1f; qio, 40m, 512KB.
IMAGE = bytes.fromhex("e9010000 00001040 00001040 04000000 01020304 0000000000000000000000 eb")
IMAGE = IMAGE.ljust(64, b"\xff")


def lines(text: str) -> list[str]:
    return text.splitlines()


def test_flash_id_has_the_lines_that_scripts_look_for(run: Run) -> None:
    assert lines(run("flash_id").results) == [
        "Manufacturer: ef",
        "Device: 4014",
        "Detected flash size: 1MB",
        "Flash part: Winbond W25Q80",
        "Size known from: jedec+sfdp",
        "Unique ID: 0102",
    ]


def test_chip_id_has_the_lines_that_scripts_look_for(run: Run) -> None:
    said = lines(run("chip_id").results)
    assert said == ["Chip ID: 0x00001234"]
    assert lines(run("chip-id", "-q").results) == [
        "Chip type: ESP8266EX",
        "Features: Wi-Fi",
        "Crystal frequency: 26MHz",
        "MAC: 5c:cf:7f:00:12:34",
        "Chip ID: 0x00001234",
    ]


def test_read_flash_as_the_tutorial_spells_it(run: Run, device: FakeDevice, tmp_path: Path) -> None:
    device.cells = bytearray(range(256)) * 0x4000
    file = tmp_path / "image.bin"
    ran = run("read_flash", "0x00000", "0x400000", file)
    assert ran.code == 0
    assert re.fullmatch(
        r"Read 4194304 bytes at 0x00000000 in \d.\d seconds \(.* kbit/s\)\.\.\.\n", ran.results
    )
    again = run("read-flash", "0", "0x1000", file)
    assert re.fullmatch(rf"Read 4096 bytes from 0x00000000 in .* to '{file}'\.\n", again.results)
    device.cells = bytearray(range(256)) * 0x4000
    run("read_flash", "0x00000", "0x400000", file)
    assert file.read_bytes() == device.cells
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert (
        "reading 4.0 MiB twice will take about 12 min 43 s: 10.7 KiB/s, set by the line at 115200 baud"
        in ran.err
    )


@pytest.mark.parametrize("size", ["all", "ALL", "0xff000", "1044480", "1020KB"])
def test_a_size_may_be_written_in_any_way(run: Run, device: FakeDevice, tmp_path: Path, size: str) -> None:
    run("read-flash", "4KB", size, tmp_path / "a.bin")
    assert (tmp_path / "a.bin").read_bytes() == device.cells[0x1000:]


def test_a_flash_smaller_than_asked_is_refused_before_reading(
    run: Run, device: FakeDevice, tmp_path: Path
) -> None:
    file = tmp_path / "image.bin"
    ran = run("read_flash", "0", "0x400000", file)
    assert (ran.code, ran.results) == (1, "")
    assert "the flash is 1MB (0x100000 bytes)" in ran.err
    assert f"type: esprom --port fake read-flash 0x0 0x100000 {file}" in ran.err
    assert not any(entry[0] == "read" for entry in device.log)


@pytest.mark.parametrize(("offset", "size", "end"), [(0x200000, "all", 0x200000), (0x100000, "1", 0x100001)])
def test_what_lies_behind_the_flash_is_refused_without_a_command(
    run: Run, tmp_path: Path, offset: int, size: str, end: int
) -> None:
    found = json.loads(run("read-flash", offset, size, tmp_path / "a", "--json").results)["error"]
    assert found["type"] == "BeyondFlash"
    assert found["facts"] == {"end": end, "flash_size": 0x100000, "command": None}


def test_a_short_read_is_not_announced(run: Run, tmp_path: Path) -> None:
    assert "will take" not in run("read-flash", "0", "64KB", tmp_path / "a").err


def test_read_flash_replaces_a_file_as_esptool_does(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "a.bin"
    file.write_bytes(b"old")
    assert run("read-flash", "0", "16", file).code == 0
    assert file.read_bytes() == bytes(range(16))


@pytest.mark.parametrize("place", ["no/such/folder/a.bin", "."])
def test_a_file_that_cannot_be_is_told_before_the_board_is_asked(
    run: Run, device: FakeDevice, tmp_path: Path, place: str
) -> None:
    ran = run("read-flash", "0", "16", tmp_path / place)
    assert ran.code == 2
    assert device.log == []


def test_write_flash_writes_every_pair_and_says_so(run: Run, device: FakeDevice, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"first")
    (tmp_path / "b").write_bytes(b"second")
    ran = run("write_flash", "0x1003", tmp_path / "b", "0x10", tmp_path / "a")
    assert lines(ran.results) == [
        "Wrote 5 bytes at 0x00000010 in 2.0 seconds (effective 0.0 kbit/s)...",
        "Hash of data verified.",
        "Wrote 6 bytes at 0x00001003 in 2.0 seconds (effective 0.0 kbit/s)...",
        "Hash of data verified.",
    ]
    assert device.cells[0x10:0x15] == b"first"
    assert device.cells[0x1003:0x1009] == b"second"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["0x0", "A", "0x4", "A"], "Detected overlap at address: 0x4 :"),
        (["0x0", "A", "0x0", "A"], "A at 0x0 ends at 0x5, in "),
        (["0x0"], "pairs of an address and a file"),
        ([], "pairs of an address and a file"),
        (["0x0", "EMPTY"], "is empty"),
        (["0x0", "MISSING"], "does not exist"),
        (["zero", "A"], "is not a number"),
    ],
    ids=["overlap", "same", "half a pair", "nothing", "empty", "missing", "no address"],
)
def test_files_are_checked_before_the_board_is_asked(
    run: Run, device: FakeDevice, tmp_path: Path, words: list[str], said: str
) -> None:
    (tmp_path / "A").write_bytes(b"first")
    (tmp_path / "EMPTY").write_bytes(b"")
    ran = run("write-flash", *(tmp_path / word if word.isupper() else word for word in words))
    assert ran.code == 2
    assert said in ran.err
    assert device.log == []


def test_files_that_touch_do_not_overlap(run: Run, device: FakeDevice, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"first")
    assert run("write-flash", "5", tmp_path / "a", "0", tmp_path / "a").code == 0
    assert device.cells[:10] == b"firstfirst"


def test_a_file_past_the_end_is_refused_before_any_is_written(
    run: Run, device: FakeDevice, tmp_path: Path
) -> None:
    before = bytes(device.cells)
    (tmp_path / "a").write_bytes(b"first")
    ran = run("write-flash", "0", tmp_path / "a", "0xffffc", tmp_path / "a")
    assert ran.code == 1
    assert "would end at 0x100001, and the flash is 1MB" in ran.err
    assert device.cells == before


def test_a_file_may_end_where_the_flash_does(run: Run, device: FakeDevice, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"last")
    assert run("write-flash", "0xffffc", tmp_path / "a").code == 0
    assert device.cells.endswith(b"last")


@pytest.fixture
def image(tmp_path: Path) -> Path:
    file = tmp_path / "image.bin"
    file.write_bytes(IMAGE)
    return file


@pytest.mark.parametrize(
    ("options", "header"),
    [
        ([], "e9010000"),
        (["-fs", "1MB", "-fm", "dio", "-ff", "80m"], "e901022f"),
        (["-fs", "1mb"], "e9010020"),
        (["--flash_mode", "dout"], "e9010300"),
        (["-fs", "detect"], "e9010020"),
        (["-fs", "keep", "-fm", "keep", "-ff", "keep"], "e9010000"),
        (["-fs", "512KB", "-fm", "qio", "-ff", "40m"], "e9010000"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value,
)
def test_the_header_is_edited_as_told(
    run: Run, device: FakeDevice, image: Path, options: list[str], header: str
) -> None:
    ran = run("write_flash", *options, "0x0", image)
    assert ran.code == 0
    assert device.cells[:64].hex() == header + IMAGE[4:].hex()
    assert ("the header is edited" in ran.err) == (header != "e9010000")
    assert image.read_bytes() == IMAGE
    assert run("verify_flash", *options, "0x0", image).code == 0


def test_only_a_file_for_address_0_has_a_header(run: Run, device: FakeDevice, image: Path) -> None:
    ran = run("write-flash", "-fm", "dio", "0x1000", image)
    assert device.cells[0x1000:0x1040] == IMAGE
    assert "there is none" in ran.err


def test_a_size_larger_than_the_chip_needs_force(run: Run, device: FakeDevice, image: Path) -> None:
    before = bytes(device.cells)
    ran = run("write_flash", "-fs", "4MB", "-fm", "dio", "0x0", image)
    assert ran.code == 1
    assert "-fs 4MB is more than the flash has (1MB)" in ran.err
    assert "--force" in ran.err
    assert device.cells == before
    assert run("write_flash", "-fs", "4MB", "-fm", "dio", "--force", "0x0", image).code == 0
    assert device.cells[:4].hex() == "e9010240"


def test_a_size_that_no_header_can_say_is_refused(run: Run, device: FakeDevice, image: Path) -> None:
    device.cells = bytearray(0x180000)
    ran = run("write-flash", "-fs", "detect", "0", image)
    assert ran.code == 1
    assert "no word for a flash of 1536KB" in ran.err


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (IMAGE, None),
        (IMAGE[:0x12], "begins like firmware, but the image is cut short: segment 1 of 1"),
        (IMAGE[:0x1F], "cut short: the checksum"),
        (IMAGE[:0x10] + bytes(4) + IMAGE[0x14:], "its checksum is wrong"),
        (b"\xe9 by chance", "not a firmware image"),
        (b"just data", None),
    ],
)
def test_firmware_that_will_not_start_is_written_with_a_warning(
    *, run: Run, device: FakeDevice, tmp_path: Path, data: bytes, said: str | None
) -> None:
    (tmp_path / "file.bin").write_bytes(data)
    ran = run("write-flash", "0", tmp_path / "file.bin")
    assert ran.code == 0
    assert device.cells[: len(data)] == data
    assert ("warning" in ran.err) is (said is not None)
    assert (said or "") in ran.err
    assert "warning" not in run("write-flash", "0x1000", tmp_path / "file.bin").err


def test_what_esptool_needs_told_is_accepted(run: Run, image: Path) -> None:
    for option in ("-z", "-u", "--compress", "--no_compress", "--verify"):
        assert run("--no-stub", "write_flash", option, "0x0", image).code == 0


def test_erase_all_comes_first(run: Run, device: FakeDevice, image: Path) -> None:
    run("write-flash", "-e", "0x0", image)
    assert device.cells == IMAGE.ljust(0x100000, b"\xff")


def test_protection_is_lifted_when_told(run: Run, device: FakeDevice, image: Path) -> None:
    device.protected, device.status = True, 0x1C
    ran = run("write-flash", "0", image, "--json")
    assert ran.code == FlashProtected.exit_code
    assert json.loads(ran.results)["error"]["facts"] == {"status": 0x1C}
    assert run("write-flash", "0", image, "--unprotect").code == 0


def test_verify_flash_says_where_it_differs(run: Run, device: FakeDevice, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(bytes(range(16)))
    assert lines(run("verify-flash", "0", tmp_path / "a").results) == [
        f"Verifying 0x10 (16) bytes at 0x00000000 in flash against '{tmp_path / 'a'}'...",
        "Verification successful (digest matched).",
    ]
    device.cells[9] ^= 1
    found = json.loads(run("verify-flash", "0", tmp_path / "a", "--json").results)["error"]
    assert (found["exit_code"], found["facts"]) == (VerifyFailed.exit_code, {"address": 9})


def test_erase_flash(run: Run, device: FakeDevice) -> None:
    assert run("erase_flash").results == "Chip erase completed successfully in 2.0 seconds.\n"
    assert set(device.cells) == {0xFF}


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("\n", 1), ("n\n", 1), ("", 130)])
def test_on_a_terminal_erase_flash_asks(
    *, run: Run, device: FakeDevice, terminal: SitDown, in_folder: Path, answer: str, code: int
) -> None:
    before = bytes(device.cells)
    screen = terminal(answer)
    assert run("erase-flash").code == code
    assert "erase the whole flash of 5c:cf:7f:00:12:34, 1MB; no proven backup of this" in screen.getvalue()
    assert "Go on? [y/N]" in screen.getvalue()
    assert (device.cells == before) == (code != 0)


def test_erase_flash_names_the_backup_that_is_at_hand(
    run: Run, device: FakeDevice, terminal: SitDown, in_folder: Path
) -> None:
    run("backup", "lamp")
    made = json.loads((in_folder / "lamp.json").read_text())["time"]
    screen = terminal("n\n")
    assert run("erase-flash").code == 1
    assert f"at hand: lamp.bin, of {made[:16].replace('T', ' ')} UTC. Go on?" in screen.getvalue()
    device.mac = "5c:cf:7f:00:12:35"
    screen = terminal("n\n")
    run("erase-flash")
    assert "no proven backup of this board" in screen.getvalue()


def test_erase_flash_does_not_ask_with_yes(run: Run, terminal: SitDown, in_folder: Path) -> None:
    screen = terminal("n\n")
    assert run("erase-flash", "--yes").code == 0
    assert "Go on?" not in screen.getvalue()


def test_erase_flash_does_not_ask_where_nobody_answers(run: Run, in_folder: Path) -> None:
    run("backup", "lamp")
    ran = run("erase-flash", "--json")
    assert json.loads(ran.results)["backup"] == "lamp.bin"
    assert "about to erase" in ran.err


@pytest.fixture
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("size", ["0x2000", "8KB"])
def test_erase_region_leaves_the_neighbours(run: Run, device: FakeDevice, size: str) -> None:
    before = bytes(device.cells)
    run("erase_region", "0x3000", size)
    assert device.cells == before[:0x3000] + b"\xff" * 0x2000 + before[0x5000:]


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (["0x1234", "16"], "erase-region 0x1000 0x1000"),
        (["0x1fff", "2"], "erase-region 0x1000 0x2000"),
        (["0x1000", "0x1001"], "erase-region 0x1000 0x2000"),
        (["0x1234", "all"], "erase-region 0x1000 all"),
    ],
)
def test_half_a_sector_is_refused_with_the_command_for_whole_ones(
    run: Run, device: FakeDevice, words: list[str], command: str
) -> None:
    ran = run("erase-region", *words)
    assert ran.code == 2
    assert ran.err.endswith(f"type: esprom --port fake {command}\n")
    assert device.log == []


def test_erase_region_stays_in_the_flash(run: Run, device: FakeDevice) -> None:
    ran = run("erase-region", "0xff000", "0x2000")
    assert ran.code == 1
    assert "type: esprom --port fake erase-region 0xff000 0x1000" in ran.err
    assert not any(entry[0] == "erase" for entry in device.log)


@pytest.mark.parametrize(("registers", "said"), [(1, "0x003c"), (2, "0x023c"), (3, "0x60023c")])
def test_the_status_has_as_many_digits_as_registers(
    run: Run, device: FakeDevice, registers: int, said: str
) -> None:
    device.status = 0x60023C
    assert run("read_flash_status", "--bytes", registers).results == f"Status value: {said}\n"


@pytest.mark.parametrize("non_volatile", [False, True])
def test_write_flash_status(run: Run, device: FakeDevice, non_volatile: bool) -> None:
    device.status = 0x1C
    ran = run("write_flash_status", *["--non_volatile"] * non_volatile, "0x0200")
    assert lines(ran.results) == [
        "Initial flash status: 0x001c",
        "Setting flash status: 0x0200",
        "After flash status:   0x0200",
    ]
    assert ("write_flash_status", 0x200, 2, not non_volatile) in device.log


def test_a_chip_with_one_register_is_asked_for_one(run: Run, device: FakeDevice) -> None:
    device.registers, device.status = 1, 0x1C
    assert run("read_flash_status").results == "Status value: 0x001c\n"
    assert lines(run("write_flash_status", "0").results) == [
        "Initial flash status: 0x001c",
        "Setting flash status: 0x0000",
        "After flash status:   0x0000",
    ]
    ran = run("write_flash_status", "0x200")
    assert ran.code == 2
    assert "does not fit into 1 status register" in ran.err


def test_a_status_that_does_not_fit_is_refused(run: Run, device: FakeDevice) -> None:
    assert run("write-flash-status", "--bytes", "1", "0x100").code == 2
    assert device.log == []


def test_a_status_that_did_not_take_is_told(
    run: Run, device: FakeDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device, "write_flash_status", lambda *_, **__: None)
    assert "did not take all of 0x001c; some chips" in run("write-flash-status", "0x1c").err
    assert "did not take all of 0x001c\n" in run("write-flash-status", "--non-volatile", "0x1c").err


def test_read_flash_sfdp(run: Run) -> None:
    assert run("read_flash_sfdp", "0", "4").results.endswith("\nSFDP[0..3]: 53 46 44 50\n")
    assert run("read_flash_sfdp", "0").code == 2
    ran = run("read_flash_sfdp")
    assert (ran.code, ran.results) == (1, "")
    assert "no SFDP that makes sense: its parameter table begins with 53 46 44 50;" in ran.err


def test_read_flash_sfdp_in_words(run: Run, device: FakeDevice, monkeypatch: pytest.MonkeyPatch) -> None:
    space = whole(headers(), MX25R8035F, 0x30).ljust(256, b"\xff")
    monkeypatch.setattr(device, "read_sfdp", lambda offset, size: space[offset : offset + size])
    words = (
        "SFDP revision: 1.0, basic table of 9 DWORDs at 0x30\n"
        "Flash size: 1MB\n"
        "Erases: 4KB by 0x20, 32KB by 0x52, 64KB by 0xd8, 4 KiB everywhere\n"
        "Programs: 64 bytes or more at once\n"
        "Reads over several lines: 1-1-2 by 0x3b after 8 clocks, 1-2-2 by 0xbb after 4 clocks,"
        " 1-1-4 by 0x6b after 8 clocks, 1-4-4 by 0xeb after 6 clocks\n"
    )
    assert run("read-flash-sfdp").results == words
    shown = run("read-flash-sfdp", "0", "0x100").results
    assert "\nFlash memory SFDP[0..255]: 0x53 0x46 " in shown
    assert shown.endswith(words)
    assert run("read-flash-sfdp", "4", "2").results.endswith("memory SFDP[4..5]: 0x00 0x01\n")


def test_memory_words(run: Run, device: FakeDevice) -> None:
    device.words[0x60000078] = 0x12345678
    assert run("read_mem", "0x60000078").results == "0x60000078 = 0x12345678\n"
    said = run("write_mem", "0x60000078", "0xff00", "0xff00").results
    assert said == "Wrote 0000ff00, mask 0000ff00 to 60000078\n"
    run("write_mem", "0x6000007c", "7")
    assert device.words == {0x60000078: 0x1234FF78, 0x6000007C: 7}


def test_dump_mem_takes_any_size(run: Run, tmp_path: Path) -> None:
    run("dump_mem", "0x40000001", "7", tmp_path / "rom.bin")
    assert (tmp_path / "rom.bin").read_bytes() == bytes(range(1, 8))


def test_load_ram(run: Run, device: FakeDevice, image: Path, tmp_path: Path) -> None:
    ran = run("load_ram", image)
    assert ran.results == "Loaded 1 segment, started at 0x40100000\n"
    assert "checksum" not in ran.err
    assert ("load_ram", [(0x40100000, b"\x01\x02\x03\x04")], 0x40100000) in device.log
    image.write_bytes(IMAGE.replace(b"\x01\x02\x03\x04", b"\x01\x02\x03\x05"))
    assert f"the checksum of {image} is wrong" in run("load_ram", image).err
    (tmp_path / "text").write_text("hello")
    assert run("load_ram", tmp_path / "text").code == 1


def test_load_ram_takes_intel_hex(run: Run, device: FakeDevice, tmp_path: Path) -> None:
    file = tmp_path / "a.hex"
    file.write_bytes(esprom.build_hex([esprom.Segment(0x1000, IMAGE)]))
    assert run("load-ram", file).code == 0
    assert ("load_ram", [(0x40100000, b"\x01\x02\x03\x04")], 0x40100000) in device.log
    device.log.clear()
    file.write_bytes(esprom.build_hex([esprom.Segment(0, IMAGE[:8]), esprom.Segment(16, IMAGE[16:])]))
    ran = run("load-ram", file)
    assert (ran.code, device.log) == (1, [])
    assert "2 pieces with gaps between them" in ran.err


@pytest.mark.parametrize(
    ("image_hex", "said"),
    [
        (IMAGE[:8].hex() + "10102040" + IMAGE[12:].hex(), "segment 1 of 1 goes to 0x40201010"),
        ("ea0400000000104000000000 00000000" + IMAGE.hex(), "version 2 runs from the flash"),
    ],
)
def test_an_image_that_is_not_for_ram_is_refused_before_the_board_is_asked(
    run: Run, device: FakeDevice, image: Path, image_hex: str, said: str
) -> None:
    image.write_bytes(bytes.fromhex(image_hex))
    ran = run("load-ram", image)
    assert (ran.code, device.log) == (1, [])
    assert said in ran.err


def test_run(run: Run, device: FakeDevice) -> None:
    assert run("run").results == "Firmware started\n"
    assert ("run",) in device.log


def test_ports(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    latency = esprom.Hindrance("latency", "its latency timer is at 16 ms")
    found = (
        esprom.PortInfo(
            "/dev/ttyUSB0", "FT232R USB UART", "USB", 0x0403, 0x6001, "1", "FTDI", ("cables",), (latency,)
        ),
        esprom.PortInfo("/dev/ttyUSB1", "CP2105", "USB", 0x10C4, 0xEA70, "0001", "CP2105"),
        esprom.PortInfo("/dev/ttyS0", "ttyS0", "n/a", None, None, None),
    )
    braille = esprom.DriverlessAdapter(0x1A86, 0x7523, "CH340", esprom.Hindrance("brltty", "brltty has it"))
    monkeypatch.setattr(esprom, "ports", lambda: found)
    monkeypatch.setattr(esprom, "driverless_adapters", lambda: (braille,))
    assert lines(run("ports", port=False).results) == [
        "/dev/ttyUSB0  FTDI, usual on cables: FT232R USB UART",
        "              ! its latency timer is at 16 ms",
        "/dev/ttyUSB1  CP2105: CP2105",
        "/dev/ttyS0    ttyS0",
        "without a port: CH340 (1a86:7523)",
        "  ! brltty has it",
    ]
    said = json.loads(run("ports", "--json").results)
    assert [port["likely"] for port in said["ports"]] == [True, True, False]
    assert said["ports"][0]["hindrances"][0]["kind"] == "latency"
    assert said["without_driver"][0]["hindrance"]["kind"] == "brltty"


def test_no_ports_is_no_failure(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(esprom, "ports", lambda: ())
    ran = run("ports", port=False)
    assert (ran.code, ran.results) == (0, "")
    assert "sim://esp01" in ran.err


def test_backup_says_what_it_found_what_it_takes_and_what_it_made(
    run: Run, device: FakeDevice, tmp_path: Path
) -> None:
    ran = run("backup", tmp_path / "lamp")
    image = tmp_path / "lamp.bin"
    assert ran.code == 0
    said = lines(ran.results)
    assert said[:3] == [
        "Chip type: ESP8266EX",
        "MAC: 5c:cf:7f:00:12:34",
        "Flash: Winbond W25Q80, 1MB, id ef4014",
    ]
    assert said[3:5] == [f"Backup: {image}, 1048576 bytes", f"Manifest: {tmp_path / 'lamp.json'}"]
    assert said[5].startswith("SHA-256: ")
    assert said[6] == "Proof: read twice, 1 sector read again"
    assert image.read_bytes() == device.cells
    assert "reading 1.0 MiB twice will take about 3 min 11 s" in ran.err
    assert "--baud 460800 is about 4 times as quick" in ran.err
    assert ran.err.index("will take") < ran.err.index("read: 100 %")


def test_backup_never_overwrites_without_force(run: Run, device: FakeDevice, tmp_path: Path) -> None:
    (tmp_path / "lamp.json").write_bytes(b"old")
    ran = run("backup", tmp_path / "lamp")
    assert ran.code == 1
    assert "--force" in ran.err
    assert not any(entry[0] == "read" for entry in device.log)
    assert run("backup", tmp_path / "lamp", "--force").code == 0


@pytest.mark.parametrize(
    ("name", "code", "said"), [("sub/dir/lamp", 2, "there is no folder"), ("taken", 1, "exists already")]
)
def test_a_backup_that_cannot_be_saved_is_told_before_the_board_is_asked(
    *, run: Run, device: FakeDevice, tmp_path: Path, name: str, code: int, said: str
) -> None:
    (tmp_path / "taken.bin").touch()
    ran = run("backup", tmp_path / name)
    assert (ran.code, ran.results, device.log) == (code, "", [])
    assert said in ran.err


def test_backup_makes_a_name(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run("backup")
    assert {file.suffix for file in tmp_path.iterdir()} == {".bin", ".json"}
    assert all("5ccf7f001234" in file.name for file in tmp_path.iterdir())


@pytest.fixture
def saved(run: Run, device: FakeDevice, tmp_path: Path) -> Path:
    """A backup of the board, which has been erased since."""
    run("backup", tmp_path / "lamp")
    device.cells[:] = b"\xff" * len(device.cells)
    return tmp_path / "lamp.bin"


@pytest.mark.parametrize("ending", [".bin", ".json", ""])
def test_restore_brings_every_bit_back(run: Run, device: FakeDevice, saved: Path, ending: str) -> None:
    ran = run("restore", saved.with_suffix(ending))
    assert ran.code == 0
    copy = "esp8266-5ccf7f001234-1MB-before-restore"
    assert ran.results == (
        f"Safety copy: {copy}.bin, what the flash held before\n"
        f"Restored 1048576 bytes of {saved}, 1048576 of them written, and verified them\n"
    )
    assert set(Path(f"{copy}.bin").read_bytes()) == {0xFF}
    assert not Path(f"{copy}.restoring").exists()
    assert "about to write 1MB" in ran.err
    assert device.cells == saved.read_bytes()


def test_restore_refuses_the_backup_of_another_board_unless_told(
    run: Run, device: FakeDevice, saved: Path
) -> None:
    device.mac = "5c:cf:7f:99:99:99"
    ran = run("restore", saved)
    assert ran.code == 1
    assert "--other-board" in ran.err
    assert set(device.cells) == {0xFF}
    assert run("restore", saved, "--other-board").code == 0


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [(None, 2, "cannot read"), (b"", 2, "is empty"), (b"\xe9", 1, "has 1 bytes and not")],
)
def test_restore_looks_at_the_file_before_it_connects(
    *, run: Run, saved: Path, content: bytes | None, code: int, said: str
) -> None:
    if content is None:
        saved.unlink()
    else:
        saved.write_bytes(content)
    ran = run("restore", saved)
    assert ran.code == code
    assert said in ran.err
    assert "connecting" not in ran.err


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("\n", 1), ("n\n", 1), ("", 130)])
def test_on_a_terminal_restore_asks(
    *,
    run: Run,
    device: FakeDevice,
    saved: Path,
    terminal: SitDown,
    answer: str,
    code: int,
) -> None:
    screen = terminal(answer)
    assert run("restore", saved).code == code
    assert "Go on? [y/N]" in screen.getvalue()
    assert (device.cells == saved.read_bytes()) == (code == 0)


@pytest.mark.parametrize("quiet", [[], ["-q"]], ids=["", "quiet"])
def test_restore_does_not_ask_with_yes(run: Run, saved: Path, terminal: SitDown, quiet: list[str]) -> None:
    screen = terminal("n\n")
    assert run("restore", saved, "--yes", *quiet).code == 0
    assert "Go on?" not in screen.getvalue()


def test_quiet_prints_results_only(run: Run, saved: Path) -> None:
    ran = run("restore", saved, "--quiet")
    assert ran.results.startswith("Safety copy")
    assert ran.err == ""


def test_two_dumps_that_end_in_a_sector_are_compared_up_to_their_end(run: Run, tmp_path: Path) -> None:
    (tmp_path / "old.bin").write_bytes(bytes(5001))
    (tmp_path / "new.bin").write_bytes(bytes(5000) + b"\1")
    said = lines(run("compare", tmp_path / "old.bin", tmp_path / "new.bin").results)
    assert said[0].startswith("0x001000 to 0x001388: ")
    assert said[-1] == "1 sector of 2 differ: 1 other content"
