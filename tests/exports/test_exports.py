# SPDX-License-Identifier: Apache-2.0
"""What is exported for other programs is what the code says now."""

import pytest

from specs import make_exports


@pytest.mark.parametrize("name", make_exports.EXPORTS)
def test_export_is_that_of_the_code(name: str) -> None:
    committed = (make_exports.FOLDER / name).read_text(encoding="utf-8")
    assert committed == make_exports.EXPORTS[name](), "run `python -m specs.make_exports`"
