# SPDX-License-Identifier: Apache-2.0
"""A board that is wired wrongly, and what a beginner is told by a command line: one that names the wire."""

from pathlib import Path

import pytest

from esp8266sim.faults import Fault
from esprom.cli.main import main

SAID: dict[Fault, tuple[str, str]] = {  # with reset lines, and without
    Fault.ECHO: ("TX and RX are joined", "TX and RX are joined"),
    Fault.TX_OPEN: (
        "boot mode 1: the loader): the chip is in its loader, but hears nothing: TX of the adapter",
        "nothing arrived at all",
    ),
    Fault.RX_OPEN: ("nothing arrived at all: check that the board has power", "nothing arrived at all"),
    Fault.GPIO0_OPEN: (
        "reset cause 2: the reset pin; boot mode 3: the flash): GPIO0 was high at reset",
        "nothing arrived at all",
    ),
    Fault.GPIO15_HIGH: ("GPIO15 was high or GPIO2 low", "nothing arrived at all"),
    Fault.MISO_LOW: ("id 000000): its data line to the chip (SD_D0, GPIO7) is always low",) * 2,
    Fault.MISO_HIGH: ("id ffffff): its data line to the chip (SD_D0, GPIO7) is always high",) * 2,
    Fault.WEAK_SUPPLY: ("the chip has restarted meanwhile: its supply broke down",) * 2,
}
FAST_ONLY = {Fault.LONG_WIRES}  # that nothing is seen of at the usual rate
EXIT_CODE = 4  # no answer


def test_every_fault_has_its_words() -> None:
    assert SAID.keys() | FAST_ONLY == set(Fault)


@pytest.mark.soak
def test_long_wires_are_told_of_where_they_matter(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["--port", "sim://esp12?fault=long-wires", "erase-region", "0", "0x10000", "--quiet"]
    with pytest.raises(SystemExit) as exited:
        main([*command, "--baud", "2000000"])
    assert exited.value.code == EXIT_CODE
    assert "answers at 115200 baud, and not at 2000000: the adapter or the wires" in capsys.readouterr().err
    for baud in ("115200", "auto"):
        with pytest.raises(SystemExit) as exited:
            main([*command, "--baud", baud])
        assert not exited.value.code


@pytest.mark.parametrize("wiring", ["auto", "jumper"])
@pytest.mark.parametrize("fault", SAID, ids=lambda fault: fault.value)
def test_one_line_says_what_is_wrong(fault: Fault, wiring: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = SAID[fault][wiring == "jumper"]
    url = f"sim://esp01?wiring={wiring}&fault={fault.value}"
    with pytest.raises(SystemExit) as exited:
        main(["--port", url, "erase-region", "0", "0x10000", "--quiet"])
    said = capsys.readouterr()
    lines = [line for line in said.err.splitlines() if not line.startswith("warning: ")]
    assert (exited.value.code, said.out) == (EXIT_CODE, "")
    assert len(lines) == 1
    assert words in lines[0]


def test_without_a_command_line_too(tmp_path: Path) -> None:
    """Faults may be several; the flash's file stays as it is."""
    import esprom
    from esprom.errors import ProtocolError

    file = tmp_path / "flash.bin"
    with (
        esprom.connect(f"sim://esp01?flash={file}&fault=miso-low,weak-supply") as device,
        pytest.raises(ProtocolError, match="always low"),
    ):
        device.flash()


def test_a_fault_that_there_is_none_of() -> None:
    import esprom
    from esprom.errors import PortError

    with pytest.raises(PortError, match="there is no fault 'smoke'; there are echo, "):
        esprom.connect("sim://esp01?fault=smoke")
