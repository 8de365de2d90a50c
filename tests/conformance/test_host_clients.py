# SPDX-License-Identifier: Apache-2.0
"""Tools as they are described, and what is said where the description is of no use."""

import pytest

from esprom.conformance.host import Job, host_client, host_clients
from esprom.errors import EspromError

TOML = """
[client.mine]
version = "1.2"
write = "mytool --port {port} write '{offset}' {file}"
identify = ["my tool", "{host}", "{number}"]
environment = { COLOUR = "no" }

[client.other]
way = "rfc2217"
read = "other -p {port} -b {baud} dump {file}"
"""


def test_a_bare_command_line() -> None:
    client = host_client(["/opt/bin/mytool.sh", "--port", "{port}", "write", "{file}"])
    assert client.name == "mytool"
    assert client.words(Job.WRITE, {"port": "P", "file": "F"})[1:] == ["--port", "P", "write", "F"]


def test_a_job_that_is_named_counts_more_than_a_guess() -> None:
    assert set(host_client(["tool", "write", "{port}", "{file}"], "read").commands) == {Job.READ}


def test_a_file_describes_several() -> None:
    mine, other = host_clients(TOML, "tools.toml")
    assert (mine.name, mine.version, mine.way, dict(mine.environment)) == (
        "mine",
        "1.2",
        "tcp",
        {"COLOUR": "no"},
    )
    assert mine.commands[Job.WRITE][-2:] == ("{offset}", "{file}")
    assert mine.commands[Job.IDENTIFY] == ("my tool", "{host}", "{number}")
    assert (other.way, set(other.commands)) == ("rfc2217", {Job.READ})


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "there is no command"),
        (["tool", "--port", "{port}"], "add --job identify|read|write|erase"),
        (["tool", "write", "{file}"], "no {port}, so it would reach no board"),
        (["tool", "write", "{port}"], "the command has no {file}"),
        (["tool", "write", "{port}", "{file}", "{sise}"], "there is no placeholder {sise}; there are {port}"),
        (["tool", "write", "{port}", "{file"], "a brace that is meant as such is doubled"),
        (["tool", "write", "{port}", "{file}", "{}"], "there is no placeholder {}"),
    ],
)
def test_a_command_line_of_no_use_is_explained(words: list[str], said: str) -> None:
    with pytest.raises(EspromError) as raised:
        host_client(words)
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("client = [", "is no TOML"),
        ("", "describes no client"),
        ("client = 1", "describes no client"),
        ("[client.a]", "a has nothing to do"),
        ("[client.a]\nflash = 'x'", "flash means nothing there"),
        ("[client]\na = 1", "a is no client; it needs a table [client.a]"),
        ("[client.a]\nread = 5", "a command is a line, or a list of its words"),
        ("[client.a]\nread = []", "a command is a line, or a list of its words"),
        ('[client.a]\nread = "\'"', "No closing quotation"),
        ("[client.a]\nway = 'usb'\nidentify = '{port}'", "there is no way 'usb'; there are tcp"),
        ("[client.a]\nenvironment = 'x'\nidentify = '{port}'", "environment is a table of names"),
    ],
)
def test_a_file_of_no_use_is_explained(text: str, said: str) -> None:
    with pytest.raises(EspromError) as raised:
        host_clients(text, "tools.toml")
    assert said in str(raised.value)
