# SPDX-License-Identifier: Apache-2.0
"""Options and hypothesis profiles of the whole suite."""

import os
import signal
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.vectors.runner import DEFAULT_VECTORS, Vector, load

settings.register_profile("dev", max_examples=40, deadline=None, derandomize=False)
settings.register_profile(
    "ci", max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "dev"))

# Hundreds of programs are started, and where no bytecode is kept each of them would compile everything again.
# Who wants none beside the sources gets none there, but in a folder of its own, from here on.
if sys.dont_write_bytecode:
    sys.dont_write_bytecode = False
    sys.pycache_prefix = str(Path(__file__).parents[1] / ".pytest_cache" / "bytecode")
    os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# A shell that starts us in the background has SIGINT ignored, and all that we start inherits that. esprom
# leaves an ignored signal ignored, so the tests that send one begin where a terminal would.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One more than there are processors: a third of the run is spent waiting for other programs."""
    return (os.cpu_count() or 1) + 1


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--vectors",
        nargs="+",
        type=Path,
        default=DEFAULT_VECTORS,
        metavar="FILE",
        help="golden vector files (JSON lines) to run instead of those in specs/vectors",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "vector" in metafunc.fixturenames:
        files: list[Path] = metafunc.config.getoption("--vectors")
        vectors: list[Vector] = [vector for file in files for vector in load(file)]
        metafunc.parametrize("vector", [pytest.param(vector, id=vector.name) for vector in vectors])
