# SPDX-License-Identifier: Apache-2.0
"""The virtual boot ROM answers the golden vectors byte for byte, with a flash never busy and a real one."""

import pytest

from esp8266sim.chips import ChipModel
from esp8266sim.trace import Kind
from tests.vectors.runner import NEVER_BUSY, REAL_TIMES, Run, Vector

NEEDS_CPU = {
    name: "uploaded code or a booted image has to run; this release has no CPU"
    for name in (
        "mem/end-run",
        "mem/end-run-returns",
        "mem/end-flag-0x100",
        "mem/end-short-payload-entry",
        "mem/end-bad-code",
        "mem/end-entry-dram",
        "flash/end-boots-image",
        "boot/strap-2-7",
    )
}


@pytest.mark.parametrize("chip", [NEVER_BUSY, REAL_TIMES], ids=["never-busy", "real-times"])
def test_vector(vector: Vector, chip: ChipModel, request: pytest.FixtureRequest) -> None:
    if vector.name in NEEDS_CPU:
        request.applymarker(pytest.mark.xfail(strict=True, reason=NEEDS_CPU[vector.name]))
    run = Run(vector, chip)
    run.run()
    unmodelled = run.board.trace.of(Kind.UNMODELLED)
    assert list(run.differences()) == []
    assert unmodelled == []
