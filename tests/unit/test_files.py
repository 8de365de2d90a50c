# SPDX-License-Identifier: Apache-2.0
"""Files appear whole or not at all. BACKUP-1, BACKUP-2, BACKUP-5."""

import errno
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from esprom import files
from esprom.errors import EspromError, FileError, ImageError, Refused

STEPS = ["mkstemp", "fsync", "link"]  # calls on the way to a new file, in order
POSIX = pytest.mark.skipif(os.name == "nt", reason="modes, pipes and signals of POSIX")


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def fail(error: BaseException) -> Callable[..., None]:
    def call(*args: object, **named: object) -> None:
        raise error

    return call


def test_saves(tmp_path: Path) -> None:
    files.save(tmp_path / "a.bin", b"firmware", overwrite=False)
    assert (tmp_path / "a.bin").read_bytes() == b"firmware"
    assert names(tmp_path) == {"a.bin"}


@POSIX
def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    (tmp_path / "open.bin").touch(mode=0o666)
    for name in ("new.bin", "open.bin"):
        files.save(tmp_path / name, b"password", overwrite=True)
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


def test_existing_file_is_refused_and_kept(tmp_path: Path) -> None:
    target = tmp_path / "a.bin"
    target.write_bytes(b"old")
    with pytest.raises(Refused, match=r"a\.bin exists already.*--force"):
        files.save(target, b"new", overwrite=False)
    assert target.read_bytes() == b"old"
    assert names(tmp_path) == {"a.bin"}


def test_a_dangling_link_counts_as_existing(tmp_path: Path) -> None:
    (tmp_path / "a.bin").symlink_to(tmp_path / "nowhere")
    with pytest.raises(Refused):
        files.check_targets([tmp_path / "a.bin"], overwrite=False)


def test_overwrites_when_told(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"old and longer")
    files.save(tmp_path / "a.bin", b"new", overwrite=True)
    assert (tmp_path / "a.bin").read_bytes() == b"new"
    assert names(tmp_path) == {"a.bin"}


@POSIX
def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        files.save(pipe, b"firmware", overwrite=True)
        assert os.read(reader, 100) == b"firmware"
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@POSIX
def test_a_link_stays_and_its_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    for name, content in (("old.bin", b"old"), ("new.bin", None)):
        file, link = tmp_path / "far" / name, tmp_path / name
        if content is not None:
            file.write_bytes(content)
        link.symlink_to(file)
        files.save(link, b"firmware", overwrite=True)
        assert link.is_symlink()
        assert file.read_bytes() == b"firmware"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert names(tmp_path / "far") == {"old.bin", "new.bin"}


@POSIX
def test_a_link_into_a_folder_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "a.bin").symlink_to(tmp_path / "far" / "a.bin")
    with pytest.raises(EspromError, match=r"there is no folder .*far"):
        files.save(tmp_path / "a.bin", b"firmware", overwrite=True)


POURED = """
import sys
from esprom import files
sys.stdout.write("before ")
sys.stdout.flush()
files.save(sys.argv[1], b"firmware", overwrite=True)
print(" after", files.is_stdout(sys.argv[1]), files.is_stdout("nothing.bin"))
"""


@POSIX
@pytest.mark.parametrize("piped", [True, False], ids=["pipe", "file"])
def test_standard_output_is_written_to_and_not_replaced(tmp_path: Path, piped: bool) -> None:
    out = tmp_path / "out"
    with out.open("wb") as stream:
        command = [sys.executable, "-c", POURED, "/dev/stdout"]
        ran = subprocess.run(command, stdout=subprocess.PIPE if piped else stream, check=True)
    assert (ran.stdout if piped else out.read_bytes()) == b"before firmware after True False\n"


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, error: BaseException
) -> None:
    if step == "link" and isinstance(error, OSError):
        error = FileExistsError(errno.EEXIST, "File exists")  # it appeared after we looked
    monkeypatch.setattr(tempfile if step == "mkstemp" else os, step, fail(error))
    with pytest.raises((EspromError, KeyboardInterrupt)):
        files.save(tmp_path / "a.bin", b"firmware", overwrite=False)
    assert names(tmp_path) == set()


def test_a_failure_while_replacing_keeps_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.bin").write_bytes(b"old")
    monkeypatch.setattr(os, "replace", fail(PermissionError(errno.EACCES, "Permission denied", "a.bin")))
    with pytest.raises(EspromError, match=r"cannot write a\.bin: Permission denied"):
        files.save(tmp_path / "a.bin", b"new", overwrite=True)
    assert (tmp_path / "a.bin").read_bytes() == b"old"
    assert names(tmp_path) == {"a.bin"}


def test_a_file_system_without_hard_links_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "link", fail(PermissionError(errno.EPERM, "Operation not permitted")))
    files.save(tmp_path / "a.bin", b"firmware", overwrite=False)
    assert (tmp_path / "a.bin").read_bytes() == b"firmware"
    assert names(tmp_path) == {"a.bin"}


def test_the_last_of_several_files_appears_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[set[str]] = []
    link = os.link

    def watched(hidden: Path, target: Path) -> None:
        seen.append({name for name in names(tmp_path) if not name.startswith(".")})
        link(hidden, target)

    monkeypatch.setattr(os, "link", watched)
    files.save_together([(tmp_path / "a.bin", b"1"), (tmp_path / "a.json", b"2")], overwrite=False)
    assert seen == [set(), {"a.bin"}]
    assert names(tmp_path) == {"a.bin", "a.json"}


def test_if_the_second_cannot_appear_the_first_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = os.link

    def intruded(hidden: Path, target: Path) -> None:
        if target.suffix == ".json":
            target.write_bytes(b"somebody else's")
        link(hidden, target)

    monkeypatch.setattr(os, "link", intruded)
    with pytest.raises(Refused, match=r"a\.json exists already"):
        files.save_together([(tmp_path / "a.bin", b"1"), (tmp_path / "a.json", b"2")], overwrite=False)
    assert names(tmp_path) == {"a.json"}
    assert (tmp_path / "a.json").read_bytes() == b"somebody else's"


def test_one_existing_file_refuses_all(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b"old")
    with pytest.raises(Refused, match=r"a\.json"):
        files.save_together([(tmp_path / "a.bin", b"1"), (tmp_path / "a.json", b"2")], overwrite=False)
    assert names(tmp_path) == {"a.json"}


KILLED = """
import os, signal, sys
from esprom import files
step, count, folder = sys.argv[1], int(sys.argv[2]), sys.argv[3]
call = getattr(os, step)
def killed(*args, **named):
    global count
    count -= 1
    if count == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return call(*args, **named)
setattr(os, step, killed)
files.save_together([(folder + "/a.bin", b"1" * 100000), (folder + "/a.json", b"2")], overwrite=False)
"""


@POSIX
@pytest.mark.parametrize(("step", "count"), [("fsync", 1), ("fsync", 2), ("link", 1), ("link", 2)])
def test_a_kill_never_leaves_a_part_or_a_manifest_without_its_image(
    tmp_path: Path, step: str, count: int
) -> None:
    ended = subprocess.run([sys.executable, "-c", KILLED, step, str(count), str(tmp_path)], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert not (tmp_path / "a.json").exists()
    assert all(name.endswith(".part") for name in names(tmp_path) - {"a.bin"})
    if (tmp_path / "a.bin").exists():
        assert (tmp_path / "a.bin").read_bytes() == b"1" * 100000


@pytest.mark.parametrize(("name", "said"), [("no/such/a.bin", "there is no folder"), (".", "it is a folder")])
def test_places_that_cannot_be_written(tmp_path: Path, name: str, said: str) -> None:
    with pytest.raises(EspromError, match=said):
        files.check_targets([tmp_path / name], overwrite=True)
    with pytest.raises(EspromError, match="cannot write"):
        files.save(tmp_path / name, b"", overwrite=True)


def test_a_full_disk_is_known_before(tmp_path: Path) -> None:
    free = shutil.disk_usage(tmp_path).free
    with pytest.raises(EspromError, match="bytes are needed"):
        files.check_targets([tmp_path / "a.bin"], overwrite=False, size=free * 2)


def test_a_folder_that_must_not_be_written_to_is_known_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write everywhere
    with pytest.raises(EspromError, match="must not be written to"):
        files.check_targets([tmp_path / "a.bin"], overwrite=False)


@POSIX
@pytest.mark.parametrize("mode", [0o444, 0o400])
def test_a_file_that_must_not_be_written_to_is_kept(tmp_path: Path, mode: int) -> None:
    target = tmp_path / "a.bin"
    target.write_bytes(b"old")
    target.chmod(mode)
    with pytest.raises(FileError, match=r"cannot write .*a\.bin: it must not be written to"):
        files.save(target, b"new", overwrite=True)
    with pytest.raises(FileError, match=r"cannot write .*a\.bin: it must not be written to"):
        files.check_targets([target], overwrite=True)
    assert (target.read_bytes(), stat.S_IMODE(target.stat().st_mode)) == (b"old", mode)


@POSIX
def test_what_is_made_of_protected_files_can_be_made_again(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.touch()
    source.chmod(0o440)
    for _ in range(2):
        files.save_made(tmp_path / "made", b"made", [source], overwrite=True)
    assert stat.S_IMODE((tmp_path / "made").stat().st_mode) == 0o640


def test_a_target_that_is_a_source_too_is_refused_by_whatever_name(tmp_path: Path) -> None:
    source, other = tmp_path / "a.bin", tmp_path / "other"
    source.touch()
    (tmp_path / "link").symlink_to(source)
    files.check_apart([tmp_path / "new", other], [source])
    other.touch()
    files.check_apart([tmp_path / "new", other], [source])
    for name in ("a.bin", "link", f"../{tmp_path.name}/a.bin"):
        with pytest.raises(FileError, match=f"cannot write .*{name}: it is read too"):
            files.check_apart([other, tmp_path / name], [other.with_name("new"), source][1:])


@POSIX
@pytest.mark.parametrize("beyond", [0, 1])
def test_a_pipe_is_read_to_its_end_unless_that_is_too_far(beyond: int) -> None:
    size = files.MOST_OF_A_STREAM + beyond
    with subprocess.Popen(["head", "-c", str(size), "/dev/zero"], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        pipe = f"/dev/fd/{writer.stdout.fileno()}"
        if not beyond:
            assert files.load(pipe) == bytes(size)
            return
        with pytest.raises(FileError, match="does not end within 0x1000000 bytes"):
            files.load(pipe)


@POSIX
def test_a_device_without_an_end_is_refused() -> None:
    with pytest.raises(FileError, match="cannot read /dev/zero: it is no file"):
        files.load("/dev/zero")


def test_loads(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"firmware")
    assert files.load(tmp_path / "a.bin") == b"firmware"


@pytest.mark.parametrize("name", ["none.bin", "."])
def test_what_cannot_be_read_is_an_image_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(ImageError, match="cannot read"):
        files.load(tmp_path / name)
