# SPDX-License-Identifier: Apache-2.0
"""The virtual boot ROM answers the golden vectors byte for byte, with a flash never busy and a real one."""

import pytest

from esp8266sim.chips import ChipModel
from esp8266sim.trace import Kind
from tests.vectors.runner import NEVER_BUSY, REAL_TIMES, Run, Vector


@pytest.mark.parametrize("chip", [NEVER_BUSY, REAL_TIMES], ids=["never-busy", "real-times"])
def test_vector(vector: Vector, chip: ChipModel) -> None:
    run = Run(vector, chip)
    run.run()
    unmodelled = run.board.trace.of(Kind.UNMODELLED)
    assert list(run.differences()) == []
    assert unmodelled == []
