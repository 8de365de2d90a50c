# SPDX-License-Identifier: Apache-2.0
"""Wrong virtual boards, made by changing a line of the right one's source for as long as a test runs."""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any


@contextmanager
def mutated(name: str, old: str, new: str) -> Iterator[None]:
    """Let the classes and functions of a module be those of its source with `old` replaced by `new`."""
    module = importlib.import_module(name)
    assert module.__file__ is not None
    source = Path(module.__file__).read_text("utf-8")
    assert source.count(old) == 1, f"{name} has {source.count(old)} times {old!r}"
    changed = ModuleType(name)
    changed.__file__ = module.__file__
    sys.modules[name] = changed  # dataclasses look their module up
    try:
        exec(compile(source.replace(old, new), module.__file__, "exec"), changed.__dict__)
    finally:
        sys.modules[name] = module
    undo = list(_adopt(module, changed))
    try:
        yield
    finally:
        for owner, attribute, value in reversed(undo):
            setattr(owner, attribute, value)


def _adopt(module: ModuleType, changed: ModuleType) -> Iterator[tuple[Any, str, Any]]:
    """Put the changed code in place of the old; yield what it takes to undo that."""
    for name, found in vars(changed).items():
        mine = getattr(module, name, None)
        if isinstance(found, type) and found.__module__ == module.__name__ and isinstance(mine, type):
            for attribute, value in vars(found).items():
                if isinstance(value, FunctionType | property | staticmethod):
                    yield mine, attribute, vars(mine)[attribute]
                    setattr(mine, attribute, value)
        elif isinstance(found, FunctionType) and found.__module__ == module.__name__:
            for user in _users(mine):
                yield user, name, mine
                setattr(user, name, found)


def _users(function: object) -> list[ModuleType]:
    """Return the modules that know a function under its own name."""
    name = getattr(function, "__name__", "")
    return [
        module
        for module in list(sys.modules.values())
        if isinstance(module, ModuleType) and vars(module).get(name) is function
    ]
