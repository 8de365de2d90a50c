# SPDX-License-Identifier: Apache-2.0
"""esptool's forms of some options, and those of its options that mean nothing here."""

from pathlib import Path

import pytest

import esprom
from esprom.cli.words import rewritten
from tests.unit.cli.conftest import FakeDevice, Run

HEX = esprom.build_hex([esprom.Segment(0x1000, b"from hex"), esprom.Segment(0x3000, b"more")])


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("0 a --diff-with b c", "0 a --diff-with b --diff-with c"),
        ("--diff_with b c --no-progress 0 a", "--diff-with b --diff-with c --no-progress 0 a"),
        ("--diff-with=b 0 a", "--diff-with=b 0 a"),
        ("0 a --diff-with", "0 a --diff-with"),
        ("0 a --diff-with -p", "0 a --diff-with --no-progress"),
        ("--diff yes 0 a", "--diff 0 a"),
        ("--diff=no 0 a", "0 a"),
        ("--diff=y 0 a", "--diff 0 a"),
        ("--diff 0 a", "--diff 0 a"),
        ("-d n 0 a", "0 a"),
        ("-p 0x1000 a", "--no-progress 0x1000 a"),
        ("0 a -p", "0 a --no-progress"),
        ("-p -u 0 a", "--no-progress -u 0 a"),
        ("-p COM5 0 a", "-p COM5 0 a"),
    ],
)
def test_esptools_forms_become_ours(words: str, expected: str) -> None:
    assert rewritten(words.split()) == expected.split()


@pytest.mark.parametrize(
    ("word", "said"), [("--diff=banana", "banana"), ("--diff=", "nothing"), ("--diff=YES", "YES")]
)
def test_a_difference_is_listed_or_not(
    run: Run, device: FakeDevice, tmp_path: Path, word: str, said: str
) -> None:
    (tmp_path / "a").write_bytes(b"content")
    ran = run("verify-flash", word, "0", tmp_path / "a")
    assert (ran.code, ran.err, device.log) == (2, f"esprom: --diff is yes or no, not {said}\n", [])


@pytest.mark.parametrize(
    "words",
    [
        ["write-flash", "--ignore-flash-enc-efuse", "0", "FILE"],
        ["write_flash", "--ignore-flash-encryption-efuse-setting", "-ft", "nor", "0", "FILE"],
        ["read-flash-sfdp", "-fs", "detect", "-fm", "dio", "-ff", "keep", "0", "4"],
        ["erase-region", "-ft", "nor", "-sc", "SPI", "0", "0x1000"],
    ],
)
def test_what_makes_no_difference_to_esptool_makes_none_here(
    run: Run, tmp_path: Path, words: list[str]
) -> None:
    (tmp_path / "FILE").write_bytes(b"content")
    assert run(*words).code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["write-flash", "--encrypt", "0", "FILE"], "the ESP8266 has no flash encryption"),
        (["write_flash", "--encrypt_files", "0", "0", "FILE"], "the ESP8266 has no flash encryption"),
        (["write-flash", "-sc", "HSPI", "0", "FILE"], "its usual pins"),
        (["read-flash", "--spi-connection", "1,2,3,4,5", "0", "16", "OUT"], "its usual pins"),
        (["erase-flash", "--flash-type", "nand"], "a NOR flash"),
        (["erase-flash", "-ft", "nand"], "a NOR flash"),
        (["write-flash", "0", "FILE", "--diff-with", "FILE", "FILE"], "--diff-with names 2 files for 1"),
    ],
)
def test_what_means_nothing_here_is_refused_in_a_sentence(
    run: Run, device: FakeDevice, tmp_path: Path, words: list[str], said: str
) -> None:
    (tmp_path / "FILE").write_bytes(b"content")
    ran = run(*words)
    assert (ran.code, ran.out, device.log) == (2, "", [])
    assert said in ran.err
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize(
    "words",
    [
        ["write-flash", "-z", "-sc", "SPI", "--flash-type", "nor", "0", "FILE"],
        ["write_flash", "--verify", "--no_compress", "0", "FILE", "--trust-flash-content"],
        ["write-flash", "-p", "0", "FILE"],
        ["read_flash", "-fs", "4MB", "-p", "0", "16", "OUT"],
        ["erase-region", "--force", "0", "0x1000"],
    ],
)
def test_what_is_done_anyway_may_be_asked_for(
    run: Run, device: FakeDevice, tmp_path: Path, words: list[str]
) -> None:
    (tmp_path / "FILE").write_bytes(b"content")
    assert run(*words).code == 0


def test_an_empty_file_among_others_is_told_of_and_left_out(
    run: Run, device: FakeDevice, tmp_path: Path
) -> None:
    (tmp_path / "a").write_bytes(b"first")
    (tmp_path / "empty").write_bytes(b"")
    ran = run("write-flash", "0", tmp_path / "a", "0x1000", tmp_path / "empty")
    assert ran.code == 0
    assert f"'{tmp_path / 'empty'}' is empty, it is left out" in ran.err
    assert device.cells[:5] == b"first"


def test_intel_hex_goes_to_its_own_addresses(run: Run, device: FakeDevice, tmp_path: Path) -> None:
    (tmp_path / "a.hex").write_bytes(HEX)
    before = bytes(device.cells)
    assert run("write-flash", "0", tmp_path / "a.hex").code == 0
    expected = bytearray(before)
    expected[0x1000:0x1008], expected[0x3000:0x3004] = b"from hex", b"more"
    assert device.cells == expected
    assert run("verify-flash", "0x1000", tmp_path / "a.hex").code == 0
    device.cells[:] = before
    ran = run("write-flash", "0x2000", tmp_path / "a.hex")
    assert (ran.code, device.cells) == (0, expected)
    assert "it goes to 0x1000, not 0x2000" in ran.err


def test_the_size_that_is_stated_is_the_end(run: Run, device: FakeDevice, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"first")
    ran = run("write-flash", "-fs", "512KB", "0x80000", tmp_path / "a")
    assert ran.code == 1
    assert "will not fit in 524288 bytes of flash: it would end at 0x80005, and -fs says 512KB" in ran.err
    assert run("write-flash", "-fs", "512KB", "--force", "0x80000", tmp_path / "a").code == 0


def test_differences_are_listed(run: Run, device: FakeDevice, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(bytes(range(32)))
    device.cells[3], device.cells[20:22] = 0xEE, b"\xaa\xbb"
    ran = run("verify_flash", "--diff=yes", "0", tmp_path / "a")
    assert ran.code == 6
    assert "verify FAILED: 3 differences, first @ 0x00000003\n" in ran.out
    assert "   0x00000014 2 bytes: flash aa bb, file 14 15\n" in ran.out


def test_all_files_are_compared_also_behind_one_that_differs(
    run: Run, device: FakeDevice, tmp_path: Path
) -> None:
    (tmp_path / "a").write_bytes(b"other")
    (tmp_path / "b").write_bytes(bytes(device.cells[0x1000:0x1005]))
    ran = run("verify-flash", "--no-progress", "0x1000", tmp_path / "b", "0", tmp_path / "a")
    assert (ran.code, ran.err) == (6, "connecting to fake\nesprom: the flash differs at 0x0\n")
    first, then = ran.out.index("digest mismatch"), ran.out.index("digest matched")
    assert first < then


def test_each_old_file_belongs_to_the_file_that_was_typed_in_its_place(
    run: Run, device: FakeDevice, tmp_path: Path
) -> None:
    """The files go to the flash by their addresses; an empty one has its place too."""
    files = {"high": (0x5000, 0x2000), "low": (0x1000, 0x2000)}
    for name, (at, size) in files.items():
        held = bytearray(device.cells[at : at + size])
        (tmp_path / f"old-{name}").write_bytes(held)
        held[0x1800] ^= 1
        (tmp_path / name).write_bytes(held)
    (tmp_path / "none").write_bytes(b"")
    words = ["0x5000", tmp_path / "high", "0x8000", tmp_path / "none", "0x1000", tmp_path / "low"]
    ran = run("write-flash", *words, "--diff-with", tmp_path / "old-high", "skip", tmp_path / "old-low")
    assert ran.code == 0
    assert [entry for entry in device.log if entry[0] == "write"] == [("write", 0x1000)] * 2
    ran = run("write-flash", *words, "--diff-with", "skip", "skip")
    assert "--diff-with names 2 files for 3" in ran.err


def test_what_the_flash_holds_may_be_told_in_intel_hex(run: Run, device: FakeDevice, tmp_path: Path) -> None:
    (tmp_path / "new.hex").write_bytes(HEX)
    device.cells[0x1000:0x1008] = b"from hex"
    for old, written in ((HEX, []), (bytes(device.cells[0x1000:0x3004]), [("write", 4)])):
        device.log.clear()
        (tmp_path / "old").write_bytes(old)
        device.cells[0x3000:0x3004] = b"more"
        assert run("write-flash", "0", tmp_path / "new.hex", "--diff-with", tmp_path / "old").code == 0
        assert [entry for entry in device.log if entry[0] == "write"] == written


def test_what_the_flash_holds_is_not_written_again(run: Run, device: FakeDevice, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(bytes(device.cells[:0x3000]))
    changed = bytearray(device.cells[:0x3000])
    changed[0x1800] ^= 1
    (tmp_path / "b").write_bytes(changed)
    assert "it was there already" in run("write-flash", "--skip-flashed", "0", tmp_path / "a").out
    assert ("write", 0x3000) not in device.log
    assert run("write-flash", "0", tmp_path / "b", "--diff-with", tmp_path / "a").code == 0
    assert [size for job, size in (entry[:2] for entry in device.log if entry[0] == "write")] == [0x1000]
    assert device.cells[:0x3000] == changed
    assert run("write-flash", "0", tmp_path / "a", "--diff-with", "skip").code == 0


def test_pieces_in_one_sector_are_written_together_and_told_of_one_by_one(
    run: Run, device: FakeDevice, tmp_path: Path
) -> None:
    pieces = [esprom.Segment(0x1000 + at, b"abcd") for at in range(0, 0x400, 0x10)]
    (tmp_path / "a.hex").write_bytes(esprom.build_hex(pieces))
    ran = run("write-flash", "0", tmp_path / "a.hex")
    assert [entry for entry in device.log if entry[0] == "write"] == [("write", 4 * 64)]
    assert ran.out.count("Wrote 4 bytes at 0x") == 64
    assert "Wrote 4 bytes at 0x00001010 in 0.0 seconds (1.0 kbit/s)." in ran.out  # 2 s are 64 shares


def test_an_erase_of_all_leaves_nothing_to_be_compared_or_believed(
    run: Run, device: FakeDevice, tmp_path: Path
) -> None:
    (tmp_path / "a").write_bytes(bytes(device.cells[:0x2000]))
    options = ["--erase-all", "--skip-flashed", "--unprotect", "--diff-with", tmp_path / "a"]
    assert run("write-flash", "0", tmp_path / "a", *options).code == 0
    assert device.log[1:-1] == [("check size", 0x2000), ("erase", 0x100000), ("write", 0x2000)]


@pytest.mark.spec("LINES-2")
def test_a_flash_that_held_it_all_is_told_of(run: Run, device: FakeDevice, tmp_path: Path) -> None:
    device.loader = "esprom"
    (tmp_path / "a").write_bytes(b"other")
    assert '"present": false' in run("write-flash", "0", tmp_path / "a", "--json").out
    assert '"present": true' in run("write-flash", "0", tmp_path / "a", "--json").out
    assert (
        "Wrote 0 bytes at 0x00000000: the flash held all 5.\n" in run("write-flash", "0", tmp_path / "a").out
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["read-flash", "0", "0x1000", "out"], "in 2.0 seconds (16.4 kbit/s)"),
        (["dump-mem", "0x3ff00000", "0x1000", "out"], "in 2.0 seconds (16.4 kbit/s)"),
        (["erase-flash", "--yes"], "in 2.0 seconds."),
        (["erase-region", "0", "0x1000"], "in 2.0 seconds."),
        (["write-flash", "0", "a"], "in 2.0 seconds (16.4 kbit/s)"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_times_and_rates_are_by_the_boards_clock(
    run: Run, tmp_path: Path, words: list[str], said: str
) -> None:
    (tmp_path / "a").write_bytes(bytes(0x1000))
    assert said in run(*words).out
