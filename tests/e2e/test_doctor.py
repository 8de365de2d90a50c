# SPDX-License-Identifier: Apache-2.0
"""doctor names the right cause for every wrong wiring that a virtual board can have."""

import json
import tempfile
from pathlib import Path

import pytest

import esprom
from esp8266sim.faults import Fault
from esprom.cli.main import main
from esprom.doctor import ADVICE, Trouble, Waiting, _Examination
from esprom.image.layout import ImageHeader, Segment, build_image
from tests.firmware import MIB, rtos
from tests.ports import board, on_board
from tests.unit.cli.test_json import validator

EBOOT = build_image(ImageHeader(1, 2, 0x40, 0x4010F000), (Segment(0x4010F000, bytes(16)),))

NAMED: dict[Fault, tuple[Trouble | None, Trouble | None]] = {  # with reset lines, and without
    Fault.ECHO: (Trouble.ECHO, Trouble.ECHO),
    Fault.TX_OPEN: (Trouble.DEAF, Trouble.SILENT),
    Fault.RX_OPEN: (Trouble.SILENT, Trouble.SILENT),
    Fault.GPIO0_OPEN: (Trouble.GPIO0, Trouble.SILENT),
    Fault.GPIO15_HIGH: (Trouble.STRAPS, Trouble.SILENT),
    Fault.MISO_LOW: (Trouble.FLASH_LOW, Trouble.FLASH_LOW),
    Fault.MISO_HIGH: (Trouble.FLASH_HIGH, Trouble.FLASH_HIGH),
    Fault.WEAK_SUPPLY: (Trouble.SUPPLY, Trouble.SUPPLY),
    Fault.LONG_WIRES: (None, None),
}
CODES = {None: 0, Trouble.FLASH_LOW: 1, Trouble.FLASH_HIGH: 1}  # else 4


def examined(url: str, capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, object]:
    with pytest.raises(SystemExit) as exited:
        main(["--port", url, "--json", "doctor", *words])
    facts: dict[str, object] = json.loads(capsys.readouterr().out)
    validator("doctor").validate(facts)
    assert (exited.value.code == 0) is facts["works"]
    return facts | {"exit code": exited.value.code}


def test_every_fault_has_its_cause() -> None:
    assert NAMED.keys() == set(Fault)


@pytest.mark.parametrize("trouble", [None, *Trouble])
def test_every_trouble_has_an_exit_code(trouble: Trouble | None) -> None:
    diagnosis = esprom.Diagnosis((), trouble)
    assert diagnosis.exit_code in {0, 1, 3, 4}
    assert diagnosis.works is (trouble in {None, Trouble.LINE, Trouble.PROTECTED, Trouble.CRYSTAL})


def test_every_trouble_has_its_advice() -> None:
    assert ADVICE.keys() == set(Trouble)
    assert all(advice.steps for advice in ADVICE.values())


@pytest.mark.parametrize("wiring", ["auto", pytest.param("jumper", marks=pytest.mark.soak)])
@pytest.mark.parametrize("fault", NAMED, ids=lambda fault: fault.value)
def test_the_right_cause_is_named(fault: Fault, wiring: str, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"sim://esp01?wiring={wiring}&fault={fault.value}"
    facts = examined(url, capsys, "--power-test")
    trouble = NAMED[fault][wiring == "jumper"]
    assert facts["trouble"] == (trouble.value if trouble is not None else None)
    assert facts["exit code"] == CODES.get(trouble, 4)


def test_wires_that_are_too_long_are_told_of(capsys: pytest.CaptureFixture[str]) -> None:
    assert "921600 baud, and not at more" in json.dumps(examined("sim://esp01?fault=long-wires", capsys))


@pytest.mark.parametrize("wiring", ["auto", "jumper"])
def test_a_board_that_is_well(wiring: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    flash = tmp_path / "flash"
    esprom.connect(f"sim://esp12?flash={flash}").close()
    before = flash.read_bytes()
    facts = examined(f"sim://esp12?flash={flash}&wiring={wiring}", capsys, "--power-test")
    assert facts["well"] is True
    assert "stands erasing a sector" in json.dumps(facts)
    assert flash.read_bytes() == before


@pytest.mark.parametrize(
    ("init_data", "boot", "trouble", "told"),
    [
        (
            b"\5\0\4\2" + bytes(44) + b"\1",
            b"",
            "crystal",
            "40 MHz, and the init data in the flash is made for 26",
        ),
        (b"\5\x08\4\2" + bytes(44) + b"\0", b"", None, "40 MHz, which the init data"),
        (b"\5\0\4\2" + bytes(44) + b"\2", b"", None, "no init data in the flash tells"),
        (b"\xff" * 48 + b"\1", b"", None, "no init data in the flash tells"),
        (b"\5\0\4\2" + bytes(44) + b"\1", EBOOT, None, "no init data in the flash tells"),
        (
            b"\5\0\4\2" + bytes(44) + b"\1",
            rtos(0x3000, "4MB"),  # which is 1MB in other images
            "crystal",
            "40 MHz, and the init data in the flash is made for 26",
        ),
    ],
    ids=["other", "fits", "24 MHz", "none", "arduino", "the RTOS SDK's numbers"],
)
def test_firmware_for_another_crystal(
    init_data: bytes, boot: bytes, trouble: str | None, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    content = bytearray(b"\xff" * (4 * MIB))
    content[: len(boot)] = boot
    content[-0x4000 : -0x4000 + 128] = init_data.ljust(128, b"\0")
    with tempfile.TemporaryDirectory() as folder:
        flash = Path(folder) / "flash"
        flash.write_bytes(content)
        facts = examined(f"sim://esp12-40mhz?flash={flash}", capsys)
    assert facts["trouble"] == trouble
    assert told in json.dumps(facts)
    assert facts["works"] is True


def test_a_flash_that_is_protected(tmp_path: Path) -> None:
    made = board("esp01")
    made.flash.status = 0x1C
    found = _Examination(lambda finding: None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("esprom.doctor.connect", lambda _, **options: esprom.connect(on_board(made), **options))
        found.run("board", 115200, Waiting(0.0, None), power_test=True)
    assert found.trouble is Trouble.PROTECTED
    assert [finding.check for finding in found.findings if not finding.good] == ["protection"]


def test_a_port_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    facts = examined("/dev/nothing", capsys)
    assert (facts["trouble"], facts["exit code"]) == ("port", 3)


def test_a_command_behind_it_is_run_where_the_board_works(capsys: pytest.CaptureFixture[str]) -> None:
    said = {}
    for url in ("sim://esp01", "sim://esp01?fault=gpio0-open"):
        with pytest.raises(SystemExit) as exited:
            main(["--port", url, "--json", "doctor", "--then", "flash-id"])
        done = json.loads(capsys.readouterr().out)["results"]
        said[url] = exited.value.code, [part["command"] for part in done]
    assert said["sim://esp01"] == (0, ["doctor", "flash-id"])
    assert said["sim://esp01?fault=gpio0-open"] == (4, ["doctor"])


def test_the_drawing_marks_the_wire(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    with pytest.raises(SystemExit):
        main(["--port", "sim://esp01?fault=gpio0-open", "doctor", "--html", str(page)])
    out = capsys.readouterr().out
    (marked,) = [line for line in out.splitlines() if "look here" in line]
    assert "GPIO0" in marked
    assert "1. connect GPIO0 to GND" in out
    text = page.read_text("utf-8")
    assert "connect GPIO0 to GND" in text
    assert "http" not in text
