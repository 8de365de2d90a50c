# SPDX-License-Identifier: Apache-2.0
"""Backups and restores that are interrupted, on the virtual board.

BACKUP-11, RESTORE-8, RESTORE-9, RESTORE-10, RESTORE-11.
"""

import os
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

import esprom
from esp8266sim.board import Board
from esp8266sim.chips import W25Q80
from esp8266sim.flashchip import Operation
from esp8266sim.profiles import PROFILES
from esprom.backup.manifest import Manifest
from esprom.errors import Cancelled, EspromError, FlashProtected, Refused, Unfinished
from esprom.loader import guard
from tests.firmware import MIB, stock, used
from tests.ports import on_board

LOADERS = ["stub", pytest.param("rom", marks=pytest.mark.soak)]  # the ROM's takes several times as long
SECTOR = 0x1000
SIZE = 0x20000  # bytes: a whole flash of that size goes through the ROM's loader in a second
CHIP = replace(W25Q80, jedec_id=0xEF4011, size=SIZE, sfdp=b"")


def sparse(data: bytes) -> bytes:
    """Return a flash of which a third is used: the chip packs what is not blank, which takes time."""
    return data[:0x6000] + b"\xff" * 0xA000 + data[0x10000:0x12000] + b"\xff" * 0x9000 + data[0x1B000:]


CONTENT = sparse(used(MIB)[-SIZE:])
OTHER = sparse(stock(MIB, seed=7)[:SIZE])
PROGRAM, ERASES = 0x02, {0x20, 0x52, 0xD8, 0xC7, 0x60}


def device(under_test: Board, loader: str = "stub") -> esprom.Device:
    port = on_board(under_test, latency_ms=1)
    port.baud = 921600
    return esprom.connect(port, loader=loader)


@pytest.fixture(autouse=True)
def trusted_stub(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the stub has to show first has its own tests, and takes a second for each connection here."""
    monkeypatch.setattr(guard, "check_flash", lambda stub, nor: None)


def small_board() -> Board:
    return Board(PROFILES["esp01"], bytearray(CONTENT), chip=CHIP)


@pytest.fixture
def under_test() -> Board:
    return small_board()


def held(under_test: Board) -> bytes:
    return bytes(under_test.flash.array)


def stop_at(bytes_: int, stage: str = "read") -> tuple[Callable[[esprom.Progress], None], Callable[[], bool]]:
    """Return callbacks for a job that is cancelled when so much of a stage is done."""
    stop = False

    def progress(now: esprom.Progress) -> None:
        nonlocal stop
        stop = stop or (now.stage == stage and now.done >= bytes_)

    return progress, lambda: stop


@pytest.mark.parametrize("loader", LOADERS)
def test_a_backup_goes_on_from_where_it_was(under_test: Board, tmp_path: Path, loader: str) -> None:
    name = tmp_path / "kitchen"
    progress, cancel = stop_at(0x10000)
    with pytest.raises(Unfinished, match=r"kept in .*kitchen\.partial") as caught:
        device(under_test, loader).backup(name, progress=progress, cancel=cancel)
    assert caught.value.exit_code == 7
    assert {path.name for path in tmp_path.iterdir()} == {"kitchen.partial"}
    result = device(under_test, loader).backup(name)
    assert result.image.read_bytes() == CONTENT
    assert 0x0C <= result.known_sectors < SIZE // SECTOR
    assert {path.name for path in tmp_path.iterdir()} == {"kitchen.bin", "kitchen.json"}


@pytest.mark.parametrize("loader", LOADERS)
def test_what_changed_meanwhile_is_noticed(under_test: Board, tmp_path: Path, loader: str) -> None:
    progress, cancel = stop_at(0x10000)
    with pytest.raises(Unfinished):
        device(under_test, loader).backup(tmp_path / "kitchen", progress=progress, cancel=cancel)
    under_test.flash.array[0x2345] ^= 0x55
    result = device(under_test, loader).backup(tmp_path / "kitchen")
    assert result.image.read_bytes() == held(under_test)
    assert result.manifest.proof.reread_sectors == ()


def test_a_board_that_goes_away_leaves_what_was_read(under_test: Board, tmp_path: Path) -> None:
    def unplug(now: esprom.Progress) -> None:
        if now.done >= 0x10000:
            under_test.power_cycle()

    with pytest.raises(EspromError) as caught:
        device(under_test).backup(tmp_path / "kitchen", progress=unplug)
    assert "the same command goes on from there" in " ".join(caught.value.__notes__)
    assert device(under_test).backup(tmp_path / "kitchen").known_sectors >= 0x08


@pytest.mark.soak
def test_without_a_name_the_same_one_is_gone_on_with(
    under_test: Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    device(under_test).backup()
    under_test.flash.array[0x1F000] ^= 1
    progress, cancel = stop_at(0x10000)
    with pytest.raises(Unfinished):
        device(under_test).backup(progress=progress, cancel=cancel)
    result = device(under_test).backup()
    assert result.known_sectors >= 0x08
    assert not list(tmp_path.glob("*.partial"))


@pytest.mark.parametrize("loader", LOADERS)
def test_since_an_older_backup_only_what_differs_is_read(
    under_test: Board, tmp_path: Path, loader: str
) -> None:
    device(under_test).backup(tmp_path / "old")
    for address in (0x3000, 0x3500, 0x10123, SIZE - 1):
        under_test.flash.array[address] ^= 0x42
    result = device(under_test, loader).backup(tmp_path / "new", since=tmp_path / "old")
    assert result.image.read_bytes() == held(under_test)
    assert result.known_sectors == SIZE // SECTOR - 3
    assert Manifest.from_json(result.manifest_file.read_bytes()) == result.manifest


def test_an_older_backup_that_is_damaged_is_refused(under_test: Board, tmp_path: Path) -> None:
    old = device(under_test).backup(tmp_path / "old")
    old.image.write_bytes(CONTENT[:-1] + b"?")
    with pytest.raises(esprom.errors.ImageError, match="is not the file") as caught:
        device(under_test).backup(tmp_path / "new", since=old.image)
    assert "to use the image all the same" in str(caught.value)
    assert "restore" not in str(caught.value)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """Another firmware, as a file; a tenth of its sectors are those of the flash."""
    other = bytearray(OTHER)
    for at in range(0, SIZE, 10 * SECTOR):
        other[at : at + SECTOR] = CONTENT[at : at + SECTOR]
    path = tmp_path / "image.bin"
    path.write_bytes(other)
    return path


@pytest.mark.parametrize("loader", LOADERS)
def test_a_restore_saves_what_was_there(under_test: Board, tmp_path: Path, image: Path, loader: str) -> None:
    result = device(under_test, loader).restore(image, safety_copy=tmp_path / "copy")
    assert held(under_test) == image.read_bytes()
    assert result.safety_copy == tmp_path / "copy.bin"
    assert result.safety_copy.read_bytes() == CONTENT
    assert {path.name for path in tmp_path.iterdir()} == {"image.bin", "copy.bin", "copy.json"}
    device(under_test).restore(tmp_path / "copy")
    assert held(under_test) == CONTENT


@pytest.mark.parametrize("loader", LOADERS)
def test_only_what_differs_is_written_and_the_first_sector_last(
    under_test: Board, tmp_path: Path, image: Path, loader: str
) -> None:
    wanted = bytearray(CONTENT)
    for address in (5, 0x7000, 0x10000, 0x1E000):
        wanted[address] ^= 0x24
    image.write_bytes(wanted)
    written: list[int] = []

    def note(operation: Operation) -> None:
        if operation.opcode in (PROGRAM, *ERASES) and operation.address is not None:
            written.append(operation.address // SECTOR * SECTOR)

    under_test.flash.observer = note
    result = device(under_test, loader).restore(image, safety_copy=tmp_path)
    assert result.written == 4 * SECTOR
    assert set(written) == {0, 0x7000, 0x10000, 0x1E000}
    assert written.index(0) > max(index for index, address in enumerate(written) if address)
    assert held(under_test) == wanted


def test_where_nothing_differs_nothing_is_saved_or_written(under_test: Board, tmp_path: Path) -> None:
    (tmp_path / "same.bin").write_bytes(CONTENT)
    result = device(under_test).restore(tmp_path / "same", safety_copy=tmp_path)
    assert (result.written, result.safety_copy) == (0, None)
    assert {path.name for path in tmp_path.iterdir()} == {"same.bin"}


@pytest.mark.parametrize("at", [0x4000, *(pytest.param(at, marks=pytest.mark.soak) for at in (0, 0x8000))])
def test_one_that_was_interrupted_is_finished_and_has_its_first_copy(
    under_test: Board, tmp_path: Path, image: Path, at: int
) -> None:
    progress, cancel = stop_at(at, "write")
    with pytest.raises(Unfinished, match="the same command finishes what was begun"):
        device(under_test).restore(image, safety_copy=tmp_path, progress=progress, cancel=cancel)
    assert list(tmp_path.glob("*.restoring"))
    result = device(under_test).restore(image, safety_copy=tmp_path)
    assert result.safety_copy is not None
    assert result.safety_copy.read_bytes() == CONTENT
    assert held(under_test) == image.read_bytes()
    assert not list(tmp_path.glob("*.restoring"))
    assert len(list(tmp_path.glob("*before-restore*.bin"))) == 1


def test_a_stop_before_anything_is_written_is_no_unfinished_one(
    under_test: Board, tmp_path: Path, image: Path
) -> None:
    progress, cancel = stop_at(0x8000, "read")
    with pytest.raises(Cancelled) as caught:
        device(under_test).restore(image, safety_copy=tmp_path, progress=progress, cancel=cancel)
    assert not isinstance(caught.value, Unfinished)
    assert held(under_test) == CONTENT
    assert {path.name for path in tmp_path.iterdir()} == {"image.bin"}


def test_one_that_was_stopped_behind_its_last_byte_is_over_when_it_is_run_again(
    under_test: Board, tmp_path: Path, image: Path
) -> None:
    before = held(under_test)
    progress, cancel = stop_at(0, "verify")
    with pytest.raises(Unfinished):
        device(under_test).restore(image, safety_copy=tmp_path, progress=progress, cancel=cancel)
    assert held(under_test) == image.read_bytes()
    result = device(under_test).restore(image, safety_copy=tmp_path)
    assert (result.written, result.safety_copy and result.safety_copy.read_bytes()) == (0, before)
    assert not list(tmp_path.glob("*.restoring"))


@pytest.mark.soak
def test_a_second_copy_gets_a_name_of_its_own(under_test: Board, tmp_path: Path, image: Path) -> None:
    for seed in (1, 2):
        image.write_bytes(sparse(stock(MIB, seed=seed)[:SIZE]))
        device(under_test).restore(image, safety_copy=tmp_path)
    assert len(list(tmp_path.glob("*before-restore*.bin"))) == 2


@pytest.mark.soak
def test_calibration_is_kept(under_test: Board, tmp_path: Path, image: Path) -> None:
    plan = device(under_test).plan_restore(image, keep_calibration=True)
    assert [(region.name, region.offset) for region in plan.kept] == [
        ("RF calibration", 0x1B000),
        ("radio init data", 0x1C000),
    ]
    assert "but for RF calibration at 0x1b000 and radio init data at 0x1c000" in plan.action
    result = device(under_test).restore(plan, safety_copy=tmp_path / "copy")
    wanted = image.read_bytes()
    assert held(under_test) == wanted[:0x1B000] + CONTENT[0x1B000:0x1D000] + wanted[0x1D000:]
    assert result.safety_copy is not None


def test_protection_is_told_of_before_anything_is_read(
    under_test: Board, tmp_path: Path, image: Path
) -> None:
    under_test.flash.status = 0x1C
    with pytest.raises(FlashProtected):
        device(under_test).restore(image, safety_copy=tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"image.bin"}


def test_a_safety_copy_overwrites_nothing(under_test: Board, tmp_path: Path, image: Path) -> None:
    (tmp_path / "copy.bin").write_bytes(b"precious")
    with pytest.raises(Refused, match="exists already"):
        device(under_test).restore(image, safety_copy=tmp_path / "copy")
    assert held(under_test) == CONTENT


def interrupted(under_test: Board, image: Path, place: Path) -> None:
    progress, cancel = stop_at(0x4000, "write")
    with pytest.raises(Unfinished):
        device(under_test).restore(image, safety_copy=place, progress=progress, cancel=cancel)


@pytest.mark.soak
def test_a_board_that_was_used_since_gets_a_copy_of_its_own(
    under_test: Board, tmp_path: Path, image: Path
) -> None:
    """The marker is still there, and what it stands for is over: here another tool has finished it."""
    interrupted(under_test, image, tmp_path)
    lived = bytes(random.Random(5).randbytes(0x3000)) + image.read_bytes()[0x3000:0x18000] + bytes(0x8000)
    under_test.flash.array[:] = lived
    result = device(under_test).restore(image, safety_copy=tmp_path)
    assert result.safety_copy is not None
    assert result.safety_copy.read_bytes() == lived
    assert len(list(tmp_path.glob("*before-restore*.bin"))) == 2


@pytest.mark.soak
def test_another_image_gets_a_copy_of_its_own(under_test: Board, tmp_path: Path, image: Path) -> None:
    interrupted(under_test, image, tmp_path)
    between = held(under_test)
    other = tmp_path / "other.bin"
    other.write_bytes(sparse(stock(MIB, seed=4)[:SIZE]))
    result = device(under_test).restore(other, safety_copy=tmp_path)
    assert result.safety_copy is not None
    assert result.safety_copy.read_bytes() == between


@pytest.mark.soak
def test_the_same_command_with_a_name_finishes_it_too(under_test: Board, tmp_path: Path, image: Path) -> None:
    (tmp_path / "copy-old.restoring").write_bytes(b"{}")  # another's, whose name begins alike
    place = tmp_path / "copy [1]"
    interrupted(under_test, image, place)
    result = device(under_test).restore(image, safety_copy=place)
    assert result.safety_copy == tmp_path / "copy [1].bin"
    assert held(under_test) == image.read_bytes()
    assert device(under_test).restore(image, safety_copy=place).written == 0


@pytest.mark.soak
def test_a_copy_that_is_there_already_is_not_made_again(
    under_test: Board, tmp_path: Path, image: Path
) -> None:
    """As a kill between the copy and the first byte leaves it."""
    device(under_test).backup(tmp_path / "copy")
    result = device(under_test).restore(image, safety_copy=tmp_path / "copy")
    assert result.safety_copy == tmp_path / "copy.bin"
    assert held(under_test) == image.read_bytes()


def test_a_marker_of_a_later_version_is_refused(under_test: Board, tmp_path: Path, image: Path) -> None:
    marker = tmp_path / "copy.restoring"
    marker.write_text('{"format": "esprom-restoring", "version": 99}')
    with pytest.raises(esprom.errors.ImageError, match="later esprom"):
        device(under_test).restore(image, safety_copy=tmp_path / "copy")
    assert held(under_test) == CONTENT


@pytest.mark.soak
def test_a_backup_that_is_to_replace_another_goes_on_from_where_it_was(
    under_test: Board, tmp_path: Path
) -> None:
    name = tmp_path / "kitchen"
    device(under_test).backup(name)
    under_test.flash.array[:SECTOR] = bytes(SECTOR)
    progress, cancel = stop_at(0x10000)
    with pytest.raises(Unfinished):
        device(under_test).backup(name, force=True, progress=progress, cancel=cancel)
    device(under_test).backup(tmp_path / "another")
    assert name.with_suffix(".partial").exists()
    result = device(under_test).backup(name, force=True)
    assert 0x0C <= result.known_sectors < SIZE // SECTOR
    assert result.image.read_bytes() == held(under_test)
    assert not name.with_suffix(".partial").exists()


@pytest.mark.soak
def test_a_journal_whose_backup_is_there_goes(
    under_test: Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kill between the two leaves it, and it holds passwords."""
    monkeypatch.chdir(tmp_path)
    for result in (device(under_test).backup(), device(under_test).backup()):
        journal = result.image.with_suffix(".partial")
        journal.write_bytes(b"what was read")
        os.utime(journal, (0, 0))  # before the backup
    result = device(under_test).backup()
    assert result.image.read_bytes() == CONTENT
    assert not list(tmp_path.glob("*.partial"))


def test_a_kill_between_image_and_manifest_is_got_over(under_test: Board, tmp_path: Path) -> None:
    progress, cancel = stop_at(0x10000)
    with pytest.raises(Unfinished):
        device(under_test).backup(tmp_path / "kitchen", progress=progress, cancel=cancel)
    (tmp_path / "kitchen.bin").write_bytes(CONTENT)
    assert device(under_test).backup(tmp_path / "kitchen").image.read_bytes() == CONTENT
    assert {path.name for path in tmp_path.iterdir()} == {"kitchen.bin", "kitchen.json"}


@pytest.mark.soak
def test_without_a_stub_too_only_what_differs_is_written(under_test: Board, image: Path) -> None:
    wanted = bytearray(CONTENT)
    wanted[0x4000] ^= 1
    image.write_bytes(wanted)
    assert device(under_test, "rom").restore(image).written == SECTOR


def power_cuts(times: int, tmp_path: Path) -> None:
    """Restores one firmware and the other in turn; the power fails in each, and it is begun again."""
    dice = random.Random(11)
    under_test = small_board()
    image = tmp_path / "image.bin"
    for number in range(times):
        folder = tmp_path / str(number)
        folder.mkdir()
        held, wanted = held_and(under_test, OTHER)
        image.write_bytes(wanted)
        clock = under_test.clock
        cut = clock.at(clock.now + dice.randrange(4 * 10**12), under_test.power_cycle)
        with suppress(EspromError):
            device(under_test).restore(image, safety_copy=folder)
        cut.cancel()
        device(under_test).restore(image, safety_copy=folder)
        assert held_and(under_test, OTHER)[0] == wanted
        assert not list(folder.glob("*.restoring"))
        assert [path.read_bytes() for path in folder.glob("*before-restore*.bin")] in ([held], [])


def held_and(under_test: Board, other: bytes) -> tuple[bytes, bytes]:
    """Return what the flash holds, and which of the two it does not."""
    now = held(under_test)
    return now, CONTENT if now == other else other


@pytest.mark.soak
def test_many_power_cuts(tmp_path: Path) -> None:
    power_cuts(int(os.environ.get("ESPROM_CUTS", "10")), tmp_path)
