# SPDX-License-Identifier: Apache-2.0
"""Device conformance: the virtual board conforms, what is none is told so, and nothing stays changed."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from esp8266sim.board import Board, Wiring
from esp8266sim.faults import Fault
from esp8266sim.profiles import PROFILES
from esp8266sim.serve.server import OnConnect, Ways
from esprom.conformance import scratch
from esprom.conformance.case import MUST, QUIRK, SHOULD, Case, Gets, Level, Send
from esprom.conformance.cases import CASES
from esprom.conformance.conversation import Addresses, Bench, Conversation, Outcome, Verdict
from esprom.conformance.program import our_program
from esprom.conformance.report import DeviceReport
from esprom.conformance.runner import NoDevice, Result, Target, check_device, chosen
from esprom.device import connect
from esprom.errors import NoResponse, Refused
from esprom.port import Port, open_port
from esprom.protocol.commands import Loader
from tests import served
from tests.ports import ScriptedPort, board, loader, on_board

ROM = Target(Loader.ROM)
OURS = Target(Loader.OURS, our_program())
CONTENT = bytes(range(256)) * 0x400  # 256 KiB


def deviations(results: Sequence[Result]) -> list[tuple[str, str]]:
    return [
        (result.case.id, result.outcome.text)
        for result in results
        if result.outcome.verdict is not Verdict.CONFORMS
    ]


def demanded(target: Target, *, destructive: bool = False, only: tuple[str, ...] = ()) -> list[Case]:
    cases = chosen(CASES, QUIRK, destructive=destructive, only=only)
    return [case for case in cases if target.loader in case.loaders]


def test_there_are_enough_cases_and_each_has_a_name_of_its_own() -> None:
    assert len(CASES) >= 150
    assert [name for name, times in Counter(case.id for case in CASES).items() if times > 1] == []


@pytest.mark.spec("CONF-2")
@pytest.mark.parametrize("target", [ROM, OURS], ids=["rom", "our stub"])
def test_the_virtual_board_conforms_in_everything_that_does_not_write(target: Target) -> None:
    cases = demanded(target)
    results = check_device(on_board(board("esp12", CONTENT)), [target], cases)
    assert deviations(results) == []
    assert len(results) == len(cases)


@pytest.mark.soak
@pytest.mark.parametrize("target", [ROM, OURS], ids=["rom", "our stub"])
def test_the_virtual_board_conforms_in_everything(target: Target, tmp_path: Path) -> None:
    model = board("esp12", CONTENT)
    before = bytes(model.flash.array)
    cases = demanded(target, destructive=True)
    results = check_device(on_board(model), [target], cases, folder=tmp_path)
    assert deviations(results) == []
    assert len(results) == len(cases)
    assert bytes(model.flash.array) == before
    assert model.flash.status & 0x1C == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.spec("CONF-4")
def test_the_mark_is_what_the_specification_says() -> None:
    page = Path(__file__).parents[2] / "specs" / "conformance.md"
    assert f"each sector begins with {scratch.MARK.hex(' ').upper()}," in page.read_text("utf-8")


@pytest.mark.soak
@pytest.mark.spec("CONF-4")
def test_what_a_named_scratch_area_held_is_back(tmp_path: Path) -> None:
    model = board("esp12", CONTENT)
    before = bytes(model.flash.array)
    said: list[str] = []
    cases = demanded(ROM, destructive=True, only=("flash.write", "flash.end-complete"))
    results = check_device(
        on_board(model), [ROM], cases, scratch_offset=0x10000, folder=tmp_path, told=said.append
    )
    assert deviations(results) == []
    assert bytes(model.flash.array) == before
    assert model.flash.status & 0x1C == 0, "FLASH_END has locked the flash"
    assert said[0].startswith("scratch area: 0x10000 to 0x20000; what it holds is in ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.spec("CONF-4")
def test_what_a_scratch_area_held_is_in_a_file_until_it_is_back(tmp_path: Path) -> None:
    model = board("esp12", CONTENT)
    port = on_board(model)
    area = scratch.take(port, 0x20000, tmp_path, loader="auto")
    (file,) = tmp_path.iterdir()
    assert file.read_bytes() == CONTENT[0x20000:0x30000]
    model.flash.array[0x20000:0x30000] = bytes(0x10000)
    area.put_back(port, loader="auto")
    assert bytes(model.flash.array[: len(CONTENT)]) == CONTENT
    assert list(tmp_path.iterdir()) == []


@pytest.mark.spec("CONF-4")
@pytest.mark.parametrize(
    ("offset", "command"),
    [(0x20000, "write-flash --unprotect 0x20000 {file}"), (0x50000, "erase-region 0x50000 0x10000")],
)
def test_what_cannot_be_put_back_can_be_by_hand(offset: int, command: str, tmp_path: Path) -> None:
    area = scratch.take(on_board(board("esp12", CONTENT)), offset, tmp_path, loader="auto")
    files = list(tmp_path.iterdir())
    with pytest.raises(NoResponse) as raised:
        area.put_back(ScriptedPort(silent), loader="rom")
    assert f"esprom {command.format(file=area.kept)}" in raised.value.__notes__[-1]
    assert list(tmp_path.iterdir()) == files


@pytest.mark.spec("CONF-4")
@pytest.mark.parametrize(
    "left", [b"\x5a", pytest.param(b"\xff", marks=pytest.mark.soak)], ids=["changed", "erased"]
)
def test_what_a_run_that_was_killed_has_kept_is_not_lost(left: bytes, tmp_path: Path) -> None:
    model = board("esp12", CONTENT)
    port = on_board(model)
    scratch.take(port, 0x20000, tmp_path, loader="auto")
    model.flash.array[0x20000:0x30000] = left * 0x10000
    with pytest.raises(Refused, match=r"has not put it back: esprom write-flash --unprotect 0x20000 .*bin"):
        scratch.take(port, 0x20000, tmp_path, loader="auto")
    (file,) = tmp_path.iterdir()
    assert file.read_bytes() == CONTENT[0x20000:0x30000]


def without_reset(content: bytes) -> Board:
    """A board whose adapter has modem lines that lead nowhere."""
    size = PROFILES["esp12"].flash.size
    return Board(PROFILES["esp12"], bytearray(content.ljust(size, b"\xff")), wiring=Wiring.JUMPER)


@pytest.mark.spec("CONF-3")
def test_a_stub_that_nothing_resets_is_not_taken_for_the_rom() -> None:
    """What the ROM refuses it does: an ERASE_FLASH among that."""
    model = without_reset(CONTENT)
    port = on_board(model)
    with connect(port, loader="stub", after="no-reset-stub"):
        pass
    with pytest.raises(NoDevice, match="a stub loader runs"):
        check_device(on_board(model), [ROM], demanded(ROM))
    assert bytes(model.flash.array[: len(CONTENT)]) == CONTENT


@pytest.mark.soak
@pytest.mark.spec("CONF-4")
@pytest.mark.parametrize("targets", [[ROM], [ROM, OURS]], ids=["rom", "both"])
def test_a_scratch_area_is_put_back_where_nothing_resets(targets: list[Target], tmp_path: Path) -> None:
    model = without_reset(CONTENT)
    before = bytes(model.flash.array)
    cases = chosen(CASES, QUIRK, destructive=True, only=("flash.write", "stub.write", "unknown", "boot.mode"))
    results = check_device(on_board(model), targets, cases, scratch_offset=0x10000, folder=tmp_path)
    left = [result.case.id for result in results if result.outcome.verdict is Verdict.NOT_RUN]
    assert left == ["boot.mode"]
    assert [name for name, _ in deviations(results)] == left
    assert bytes(model.flash.array) == before
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_under_a_stub_that_would_stay(tmp_path: Path) -> None:
    theirs = Target(Loader.STUB, replace(our_program(), ours=False))
    cases = chosen(CASES, QUIRK, destructive=True, only=("stub.write",))
    with pytest.raises(Refused, match="could not be put back"):
        check_device(on_board(without_reset(CONTENT)), [theirs], cases, folder=tmp_path)


def test_a_full_flash_has_no_scratch_area_of_its_own(tmp_path: Path) -> None:
    full = board("esp01", bytes(range(256)) * 0x1000)
    with pytest.raises(Refused, match="--scratch"):
        check_device(
            on_board(full), [ROM], demanded(ROM, destructive=True, only=("flash.write",)), folder=tmp_path
        )


@pytest.mark.parametrize("offset", [0x1000, 0x100000])
def test_a_scratch_area_is_a_whole_block_of_the_flash(offset: int, tmp_path: Path) -> None:
    cases = demanded(ROM, destructive=True, only=("flash.write",))
    with pytest.raises(Refused, match="64 KiB"):
        check_device(on_board(board("esp01")), [ROM], cases, scratch_offset=offset, folder=tmp_path)


def always(answer: bytes, written: bytes) -> bytes:
    return answer


def silent(written: bytes) -> bytes:
    return b""


def echo(written: bytes) -> bytes:
    return written


def another_chip(written: bytes) -> bytes:
    return loader({0x40001000: 0x15122500})(written)


def chattering(written: bytes) -> bytes:
    return b"\xc0\x01\x0a" + b"hello, world\r\n" * 9


@pytest.mark.spec("CONF-3")
@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (silent, "no answer to SYNC"),
        (echo, "no answer to SYNC"),
        (chattering, "no answer to SYNC"),
        (another_chip, "this is no ESP8266"),
    ],
)
def test_what_is_no_esp8266_is_told_so(answer: Callable[[bytes], bytes], why: str) -> None:
    port = ScriptedPort(answer)
    with pytest.raises(NoDevice, match=why):
        check_device(port, [ROM], CASES)
    assert port.clock.time < 10


@pytest.mark.spec("CONF-3")
@pytest.mark.parametrize("fault", [Fault.ECHO, Fault.RX_OPEN, Fault.GPIO0_OPEN])
def test_wrong_wires_are_no_device(fault: Fault) -> None:
    wrong = Board(PROFILES["esp12"], faults=[fault])
    with pytest.raises(NoDevice):
        check_device(on_board(wrong), [ROM], CASES)


@pytest.mark.spec("CONF-3")
def test_a_device_that_stops_answering_ends_the_run() -> None:
    answer = loader({0x40001000: 0xFFF0C101})

    def stops(written: bytes) -> bytes:
        stops_after.append(written)
        return answer(written) if len(stops_after) < 30 else b""

    stops_after: list[bytes] = []
    results = check_device(ScriptedPort(stops), [ROM], demanded(ROM))
    verdicts = Counter(result.outcome.verdict for result in results)
    assert verdicts[Verdict.NOT_RUN] > 100
    assert not DeviceReport("there", SHOULD, tuple(results)).conforms


@pytest.mark.soak
@pytest.mark.spec("CONF-3")
@pytest.mark.parametrize(
    ("on_connect", "runs"), [(OnConnect.POWER_CYCLE, Verdict.CONFORMS), (OnConnect.KEEP, Verdict.NOT_RUN)]
)
def test_cases_that_need_a_reset_are_run_where_there_is_one(on_connect: OnConnect, runs: Verdict) -> None:
    with served.serving(Ways(tcp=0), on_connect=on_connect) as server:
        port: Port = open_port(server.url)
        try:
            cases = demanded(ROM, only=("boot.first-sync-lost", "read.word", "read.null"))
            results = check_device(port, [ROM], cases)
        finally:
            port.close()
    assert {result.case.id: result.outcome.verdict for result in results} == {
        "read.word": Verdict.CONFORMS,
        "boot.first-sync-lost": runs,
        "read.null": runs,
    }


def test_what_is_sent_is_whole_packets_where_it_says_so() -> None:
    """A `Send` stands for a packet in a frame: its hex must be hex, and have a header at least."""
    for case in CASES:
        for step in case.steps:
            if isinstance(step, Send) and not step.means.startswith(("acknowledgement", "three bytes")):
                assert len(step.hex.replace(" ", "")) >= 16, case.id


def test_only_names_that_exist() -> None:
    with pytest.raises(ValueError, match="no case's id begins with 'slop'"):
        chosen(CASES, QUIRK, destructive=False, only=("slop",))


def result(level: Level, verdict: Verdict) -> Result:
    return Result(Case("x.y", "ROM-1", level, frozenset(), "a rule", ()), "rom", Outcome(verdict, ""))


@pytest.mark.spec("CONF-5")
@pytest.mark.parametrize(
    ("level", "verdict", "conforms"),
    [
        (QUIRK, Verdict.CONFORMS, True),
        (QUIRK, Verdict.TOLERATED, True),
        (QUIRK, Verdict.NOT_RUN, True),
        (QUIRK, Verdict.NOT_IMPLEMENTED, True),
        (MUST, Verdict.NOT_IMPLEMENTED, False),
        (QUIRK, Verdict.VIOLATES, False),
        (SHOULD, Verdict.NO_ANSWER, False),
    ],
)
def test_what_conforms(level: Level, verdict: Verdict, conforms: bool) -> None:
    assert DeviceReport("there", QUIRK, (result(level, verdict),)).conforms is conforms


@pytest.mark.spec("CONF-5")
def test_what_is_refused_as_unknown_is_not_implemented() -> None:
    """A stub that has not heard of SPI_SET_PARAMS; and the ROM, which refuses under an earlier opcode."""
    answers = {0x0B: b"\xc3\x00"}
    asked = Send("000b 0000 00000000", "SPI_SET_PARAMS")
    played = Case("x.y", "ROM-26", MUST, frozenset(), "", (asked, Gets("010b 0200 ???????? 0000")))
    for opcode, status in ((0x0B, answers[0x0B]), (0x0A, b"\x01\x05")):
        frame = b"\xc0\x01" + bytes((opcode,)) + b"\x02\x00" + bytes(4) + status + b"\xc0"
        port = ScriptedPort(partial(always, frame))
        outcome = Conversation(port, Addresses(0, 0, 0), Bench()).play(played)
        assert outcome.verdict is Verdict.NOT_IMPLEMENTED


@pytest.mark.spec("CONF-2", "SLIP-6")
def test_a_flood_without_an_end_violates() -> None:
    asked = Send("000a 0400 00000000 00000000", "READ_REG")
    once = Case("x.y", "ROM-12", MUST, frozenset(), "", (asked, Gets("010a 0200 ???????? 0000")))
    flood = b"\xc0" + b"x" * 0x20000 + b"\xc0"
    outcome = Conversation(ScriptedPort(lambda _: flood, len(flood)), Addresses(0, 0, 0), Bench()).play(once)
    assert outcome.verdict is Verdict.VIOLATES


@pytest.mark.spec("CONF-2")
def test_an_answer_too_many_violates_and_what_is_tolerated_is_said() -> None:
    frame = bytes.fromhex("c0 010a 0200 00000000 0000 c0")
    asked = Send("000a 0400 00000000 00000000", "READ_REG")
    once = Case("x.y", "ROM-12", MUST, frozenset(), "", (asked, Gets("010a 0200 ???????? 0000")))
    outcome = Conversation(ScriptedPort(lambda _: frame * 2), Addresses(0, 0, 0), Bench()).play(once)
    assert (outcome.verdict, "and then this came" in outcome.text) == (Verdict.VIOLATES, True)
    kind = Gets("010a 0200 01000000 0000", instead="010a 0200 ???????? 0000", why="the value does not matter")
    tolerant = Case("x.y", "ROM-12", MUST, frozenset(), "", (asked, kind))
    outcome = Conversation(ScriptedPort(lambda _: frame), Addresses(0, 0, 0), Bench()).play(tolerant)
    assert (outcome.verdict, outcome.text) == (Verdict.TOLERATED, "the value does not matter")
