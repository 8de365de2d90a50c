# SPDX-License-Identifier: Apache-2.0
"""Our stub left running, and other people's host code that speaks to it."""

import os
import random
from pathlib import Path

import pytest

import esprom
from tests import served
from tests.tools import Esptool

pytestmark = pytest.mark.skipif(os.name == "nt", reason="pseudo terminals are POSIX's")

SIZE = 0x100000


@pytest.mark.spec("STUB-3")
@pytest.mark.parametrize("version", ["5.6.0", pytest.param("4.12.0", marks=pytest.mark.soak)])
def test_esptool_finds_it_and_works_with_it(version: str, tmp_path: Path) -> None:
    flash, image, back = (tmp_path / name for name in ("flash", "image", "back"))
    data = random.Random(4).randbytes(0x5000) + b"the same words " * 0x300
    image.write_bytes(data)
    with served.process("--tcp", 0, "--flash", flash, "--pace", "max") as server:
        url = server.urls["tcp"]
        esprom.connect(url, loader="stub", after="no-reset-stub").close()

        def run(*words: object) -> str:
            done = Esptool(version)(
                *("--chip", "esp8266", "--port", url, "--before", "no_reset", "--after", "no_reset_stub"),
                *words,
            )
            assert done.returncode == 0, done.stdout
            assert "Uploading" not in done.stdout
            return done.stdout

        assert "4014" in run("flash_id")
        assert "5c:cf:7f" in run("read_mac")
        expected = bytearray(flash.read_bytes())
        expected[0x10000 : 0x10000 + len(data)] = data
        end = 0x10000 + len(data)
        expected[end : -(-end // 0x1000) * 0x1000] = b"\xff" * (-end % 0x1000)
        assert "verified" in run("write_flash", 0x10000, image)
        assert flash.read_bytes() == expected
        run("read_flash", 0x10000, 0x8000, back)
        assert back.read_bytes() == expected[0x10000:0x18000]
        run("verify_flash", 0x10000, image)
        run("write_flash", "--no-compress", 0x20000, image)
        expected[0x20000 : 0x20000 + len(data)] = data
        end += 0x10000
        expected[end : -(-end // 0x1000) * 0x1000] = b"\xff" * (-end % 0x1000)
        assert flash.read_bytes() == expected
        run("erase_region", 0x10000, 0x1000)
        expected[0x10000:0x11000] = b"\xff" * 0x1000
        assert flash.read_bytes() == expected
        with esprom.connect(url, loader="auto", after="no-reset-stub") as device:
            assert device.loader == "esprom"
            device.verify_flash(0x20000, data)
