# SPDX-License-Identifier: Apache-2.0
from collections.abc import Iterator

import pytest

from esprom.errors import CommandFailed, NoResponse, ProtocolError
from esprom.loader.rom import read_request, write_request
from esprom.loader.session import SYNC_ATTEMPTS, WINDOW, OutOfStep, Prepared, Session, prepare
from esprom.protocol.packets import Command, DataBlock, ReadReg, RegisterWrite, Sync
from tests.ports import OK, ScriptedPort, loader, reply, requests

A, B = 0x60000000, 0x60000004
REFUSED = b"\x01\x05"


def read(address: int) -> Prepared:
    return read_request(address)


def test_one_command_one_answer() -> None:
    port = ScriptedPort(loader({A: 0xC0DBC0DB}))
    assert Session(port).command(Command.READ_REG, ReadReg(A)).value == 0xC0DBC0DB
    assert port.written == [bytes.fromhex("c0 000a0400 00000000 00000060 c0")]


@pytest.mark.parametrize("chunk", [1, 2, 5, 11, 12, 13, 40])
def test_any_split_gives_the_same_answers(chunk: int) -> None:
    port = ScriptedPort(loader({A: 0xDBC0DDDC, B: 7}), chunk=chunk)
    session = Session(port)
    assert [response.value for response in session.pipeline([read(A), read(B), read(A)])] == [
        0xDBC0DDDC,
        7,
        0xDBC0DDDC,
    ]


def test_surplus_sync_answers_are_dropped() -> None:
    port = ScriptedPort(loader({A: 5}))
    session = Session(port)
    session.synchronise()
    assert session.ask(read(A)).value == 5
    session.synchronise()
    assert [response.value for response in session.pipeline([read(A)] * 3)] == [5, 5, 5]


def test_a_refusal_is_command_failed() -> None:
    session = Session(ScriptedPort(lambda written: reply(Command.READ_REG, 0, REFUSED)))
    with pytest.raises(CommandFailed) as caught:
        session.ask(read(A))
    assert (caught.value.command, caught.value.status, caught.value.error) == ("READ_REG", 1, 5)


class Silent:
    """Answers nothing until it is told to."""

    def __init__(self, junk: bytes = b"") -> None:
        self.speaks = False
        self.junk = junk
        self._answer = loader({A: 1, B: 2})

    def __call__(self, written: bytes) -> bytes:
        return self._answer(written) if self.speaks else self.junk


def test_no_answer_says_what_was_asked_and_what_came() -> None:
    port = ScriptedPort(Silent(b"\r\nHello\r\n"))
    with pytest.raises(NoResponse, match=r"no answer to READ_REG within 3\.0 s: text arrived") as caught:
        Session(port).ask(read(A))
    assert (caught.value.asked, caught.value.waited_s) == ("READ_REG", 3.0)
    assert caught.value.received == b"\r\nHello\r\n"
    assert 3.0 <= port.clock.time < 3.5


def test_a_restart_of_the_chip_is_recognised() -> None:
    banner = b"\r\n ets Jan  8 2013,rst cause:1, boot mode:(1,7)\r\n\r\n"
    session = after_an_answer(Silent(banner))
    with pytest.raises(NoResponse, match="restarted"):
        session.ask(read(A))


def after_an_answer(script: "Silent") -> Session:
    """Return a conversation in which the loader has answered once; `script` goes on with its junk."""
    session = Session(ScriptedPort(script))
    script.speaks = True
    session.ask(read(B))
    script.speaks = False
    return session


ANSWER = reply(Command.READ_REG, 1)


@pytest.mark.parametrize(
    ("junk", "words"),
    [
        (ANSWER[:5] + ANSWER[6:], "lost or damaged on the line"),
        (ANSWER[:1] + ANSWER[2:], "lost or damaged on the line"),
        (ANSWER[:-1], "lost or damaged on the line"),
        (b"", "the chip stopped answering"),
        (b"\r\nFatal exception (0):\r\n", "left its loader"),
    ],
)
def test_once_the_loader_has_answered_nobody_is_sent_to_the_wiring(junk: bytes, words: str) -> None:
    session = after_an_answer(Silent(junk))
    for _ in range(2):  # the command, and the SYNC that the next one begins with
        with pytest.raises(NoResponse, match=words) as caught:
            session.ask(read(A))
        assert "GPIO0" not in str(caught.value)
        assert "CH_PD" not in str(caught.value)


def test_what_came_instead_of_an_answer_keeps_its_framing() -> None:
    damaged = ANSWER[:5] + ANSWER[6:]
    with pytest.raises(NoResponse, match="the loader's framing") as caught:
        Session(ScriptedPort(Silent(damaged))).ask(read(A))
    assert caught.value.received == damaged


class Trickle(ScriptedPort):
    """Sends a byte that ends no frame, now and then, for ever."""

    def read(self, timeout_s: float, at_least: int = 1) -> bytes:
        self.clock.time += 0.5
        return super().read(0, at_least) or b"\x55"


@pytest.mark.parametrize("answered", [0, 3])
def test_a_trickle_of_bytes_puts_no_deadline_off(answered: int) -> None:
    replies = iter([reply(Command.READ_REG)] * answered)
    port = Trickle(lambda written: next(replies, b""))
    answers = Session(port).pipeline([read(A)] * 5 if answered else [read(A)])
    with pytest.raises(NoResponse):
        for _ in answers:
            pass
    assert port.clock.time < 10


def test_after_a_failure_both_ends_agree_first() -> None:
    script = Silent()
    port = ScriptedPort(script)
    session = Session(port)
    with pytest.raises(NoResponse):
        session.ask(read(A))
    script.speaks = True
    port.written.clear()
    assert session.ask(read(B)).value == 2
    assert [requests(written)[0].command for written in port.written] == [Command.SYNC, Command.READ_REG]


def test_a_late_answer_is_never_taken_for_another_one() -> None:
    """Answers of an earlier SYNC and an earlier question come after their time, one by one."""
    late = [reply(Command.SYNC, 0x20120706), reply(Command.READ_REG, 0xBAD)]
    answer = loader({B: 2})

    def script(written: bytes) -> bytes:
        if requests(written)[0].body[:4] == A.to_bytes(4, "little"):
            return b""
        return b"".join(late.pop(0) for _ in range(len(late))) + answer(written)

    session = Session(ScriptedPort(script, chunk=12))
    with pytest.raises(NoResponse):
        session.ask(read(A))
    assert session.ask(read(B)).value == 2


def test_each_sync_has_a_word_of_its_own() -> None:
    port = ScriptedPort(lambda written: b"")
    with pytest.raises(NoResponse, match="SYNC"):
        Session(port).synchronise()
    words = [requests(written)[0].body[:4] for written in port.written]
    assert words[0] == bytes.fromhex("07071220")  # what every tool sends
    assert len(set(words)) == SYNC_ATTEMPTS
    assert port.clock.time < 1.0


def test_sync_takes_no_refusal_for_an_answer() -> None:
    with pytest.raises(NoResponse):
        Session(ScriptedPort(lambda written: reply(Command.SYNC, 0x20120707, REFUSED) * 8)).synchronise()


def test_sync_reports_a_stub_by_its_zero() -> None:
    assert Session(ScriptedPort(lambda written: reply(Command.SYNC, 0) * 8)).synchronise() == 0


class Metered:
    """A loader that counts the request bytes it has not answered yet; it answers one request at a time."""

    def __init__(self) -> None:
        self.unanswered = self.most = 0
        self.queue: list[tuple[int, bytes]] = []

    def port(self) -> ScriptedPort:
        metered = self

        class OneByOne(ScriptedPort):
            def write(self, data: bytes) -> None:
                for request in requests(data):
                    frame = (
                        prepare(Command.READ_REG, ReadReg(A)) if request.command is Command.READ_REG else None
                    )
                    size = len(frame.frame) if frame else len(request.body) + 10
                    metered.unanswered += size
                    metered.queue.append((size, reply(request.command)))
                metered.most = max(metered.most, metered.unanswered)

            def read(self, timeout_s: float, at_least: int = 1) -> bytes:
                if not metered.queue:
                    self.clock.time += timeout_s
                    return b""
                size, answer = metered.queue.pop(0)
                metered.unanswered -= size
                return answer

        return OneByOne(lambda written: b"")


@pytest.mark.spec("PROTO-6")
def test_the_window_is_kept_and_used() -> None:
    metered = Metered()
    answers = list(Session(metered.port()).pipeline([read(A)] * 100))
    assert len(answers) == 100
    assert metered.most == WINDOW // 14 * 14


@pytest.mark.spec("PROTO-6")
def test_a_long_request_goes_out_alone() -> None:
    metered = Metered()
    long = write_request(tuple(RegisterWrite(A, 0) for _ in range(20)))
    assert len(long.frame) > WINDOW
    answers = list(Session(metered.port()).pipeline([read(A), long, read(A)]))
    assert [answer.command for answer in answers] == [Command.READ_REG, Command.WRITE_REG, Command.READ_REG]
    assert metered.most == 20 * 16 + 10


def test_a_lost_answer_breaks_the_pipeline() -> None:
    """The WRITE_REG's answer comes where a READ_REG's is awaited."""

    def script(written: bytes) -> bytes:
        return b"".join(reply(request.command) for request in requests(written)[1:])

    with pytest.raises(OutOfStep):
        list(Session(ScriptedPort(script)).pipeline([read(A), write_request(())]))


def test_a_pipeline_that_is_left_early_does_no_harm() -> None:
    port = ScriptedPort(loader({A: 1, B: 2}))
    session = Session(port)
    answers = session.pipeline([read(A)] * 50)
    assert next(answers).value == 1
    assert isinstance(answers, Iterator)
    assert session.ask(read(B)).value == 2


def test_the_timeout_grows_with_the_work_and_the_line() -> None:
    port = ScriptedPort(lambda written: b"")
    port.baud = 9600
    session = Session(port)
    with pytest.raises(NoResponse):
        session.command(Command.FLASH_DATA, DataBlock(0, bytes(0x1800)))
    assert port.clock.time >= 3.0 + 0x1800 * 10 / 9600


def test_our_error_is_a_protocol_error() -> None:
    assert issubclass(OutOfStep, ProtocolError)
    assert prepare(Command.SYNC, Sync()).timeout_s == pytest.approx(0.1)
    with pytest.raises(ValueError, match="takes Sync"):
        prepare(Command.SYNC, ReadReg(A))
    assert OK == b"\x00\x00"
