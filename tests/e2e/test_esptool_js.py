# SPDX-License-Identifier: Apache-2.0
"""esptool-js from npm, with its own stub, under Node: what a browser does by Web Serial, over TCP.

The flash id that 0.6.1 reads is not compared: it stores the length of the answer into offset 0, which on an
ESP8266 is CMD, so that the controller shifts in as many bits as it was last told to.
"""

import json
import random
import subprocess
from pathlib import Path

import pytest

from tests import served
from tests.tools import esptool_js

DRIVER = Path(__file__).parent / "esptool_js" / "drive.mjs"
OFFSET = 0x20000
RUN_S = 100.0


@pytest.mark.parametrize("baud", [115200, 460800])
def test_identify_write_and_read(baud: int, tmp_path: Path) -> None:
    bundle = esptool_js()
    data = random.Random(5).randbytes(0x3000) + bytes(0x1000)
    image, back, flash = tmp_path / "image", tmp_path / "back", tmp_path / "flash"
    image.write_bytes(data)
    with served.process("--tcp", 0, "--flash", flash, "--pace", "max") as server:
        before = flash.read_bytes()
        host, _, port = server.urls["tcp"].removeprefix("socket://").rpartition(":")
        command = ["node", DRIVER, bundle, host, port, baud, image, OFFSET, back]
        done = subprocess.run(
            [str(word) for word in command], capture_output=True, text=True, timeout=RUN_S, check=False
        )
        assert done.returncode == 0, done.stderr + done.stdout
        found = json.loads(done.stdout)
        after = flash.read_bytes()
    assert found["chip"] == "ESP8266EX"
    assert found["mac"] == "5c:cf:7f:12:34:56"
    assert back.read_bytes() == data
    assert after[OFFSET : OFFSET + len(data)] == data
    assert after[:OFFSET] == before[:OFFSET]
