# SPDX-License-Identifier: Apache-2.0
"""Each case fails a wrong board: the mutants of the virtual ROM, and of our stub (CONF-6)."""

import shutil
from base64 import b64decode
from pathlib import Path

import pytest

from esprom.conformance.cases import CASES
from esprom.conformance.conversation import Verdict
from esprom.conformance.program import Program
from esprom.conformance.runner import Runner, Target
from esprom.protocol.commands import Loader
from esprom.stub import build
from tests.conformance.mutants import ROM_MUTANTS, Mutant
from tests.conformance.mutation import mutated
from tests.conformance.stub_mutants import STUB_MUTANTS
from tests.ports import board, on_board

BY_ID = {case.id: case for case in CASES}
CONTENT = bytes(range(256)) * 64
SCRATCH = 0x3F0000
UNNOTICED = (Verdict.CONFORMS, Verdict.TOLERATED, Verdict.NOT_RUN)


def unnoticed(mutant: Mutant, target: Target) -> list[str]:
    """Return those of the mutant's cases that find nothing wrong with the board that there is now."""
    runner = Runner(on_board(board("esp12", CONTENT)), SCRATCH)
    runner.reach()
    results = runner.run([BY_ID[name] for name in mutant.caught_by], target)
    return [result.case.id for result in results if result.outcome.verdict in UNNOTICED]


def writes(mutant: Mutant) -> bool:
    return any(BY_ID[name].destructive for name in mutant.caught_by)


ROM_PARAMETERS = [
    pytest.param(mutant, id=mutant.wrong, marks=[pytest.mark.soak] if writes(mutant) else [])
    for mutant in ROM_MUTANTS
]


@pytest.mark.spec("CONF-6")
@pytest.mark.parametrize("mutant", ROM_PARAMETERS)
def test_cases_notice_a_wrong_rom(mutant: Mutant) -> None:
    with mutated(mutant.where, mutant.old, mutant.new):
        assert unnoticed(mutant, Target(Loader.ROM)) == []


@pytest.mark.soak
@pytest.mark.skipif(shutil.which(build.COMPILER) is None, reason=f"{build.COMPILER} is not installed")
@pytest.mark.parametrize("mutant", STUB_MUTANTS, ids=lambda mutant: mutant.wrong)
def test_cases_notice_a_wrong_stub(mutant: Mutant, tmp_path: Path) -> None:
    sources, made = tmp_path / "src", tmp_path / "made"
    shutil.copytree(build.SOURCES, sources)
    made.mkdir()
    source = (sources / mutant.where).read_text("utf-8")
    assert source.count(mutant.old) == 1
    (sources / mutant.where).write_text(source.replace(mutant.old, mutant.new), "utf-8")
    image = build.build(made, sources)
    segments = ((image["address"], b64decode(image["code"])),)
    program = Program(mutant.wrong, segments, image["entry"], ours=True)
    assert unnoticed(mutant, Target(Loader.OURS, program)) == []


@pytest.mark.spec("CONF-6")
def test_every_case_has_a_mutant() -> None:
    noticed = {name for mutant in (*ROM_MUTANTS, *STUB_MUTANTS) for name in mutant.caught_by}
    assert noticed == set(BY_ID)


def test_a_right_board_is_right_again_after_a_mutant() -> None:
    mutant = ROM_MUTANTS[0]
    with mutated(mutant.where, mutant.old, mutant.new):
        pass
    assert unnoticed(mutant, Target(Loader.ROM)) == list(mutant.caught_by)
