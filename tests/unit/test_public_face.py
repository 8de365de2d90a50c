# SPDX-License-Identifier: Apache-2.0
import subprocess
import sys

import pytest

import esprom

HEAVY = (
    "click",
    "construct",
    "elftools",
    "esp8266sim",
    "hypothesis",
    "intelhex",
    "logging",
    "rich",
    "serial",
)


def test_importing_costs_nothing() -> None:
    code = f"import sys, esprom; print([name for name in {HEAVY!r} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_working_with_a_port_loads_no_simulator() -> None:
    code = "import sys, esprom; esprom.connect; print('esp8266sim' in sys.modules, 'serial' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False False"


@pytest.mark.parametrize("name", esprom.__all__)
def test_what_is_public_is_there(name: str) -> None:
    assert getattr(esprom, name) is not None
    assert name in dir(esprom)


def test_what_is_not_public_is_not() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        esprom.Nothing  # noqa: B018
