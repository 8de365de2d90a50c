# SPDX-License-Identifier: Apache-2.0
"""What is rendered from the table means the same however much is known of the operands, and no bound lies."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esp8266sim.cpu.isa import TABLE, Branch, Load, Set, Store
from esp8266sim.cpu.render import MASK32, Value, constant, render, unknown

EXPRESSIONS = sorted(
    {
        text
        for row in TABLE
        for text in (
            *((row.effect.value, row.effect.condition) if isinstance(row.effect, Set) else ()),
            *((row.effect.condition,) if isinstance(row.effect, Branch) else ()),
            *((f"wrap({row.effect.address})",) if isinstance(row.effect, Load | Store) else ()),
        )
        if text is not None
    }
)
PLAIN = {"wrap": lambda e: e & MASK32, "signed": lambda e: e - (1 << 32) if e >> 31 else e, "abs": abs}
EDGES = st.sampled_from([0, 1, 4, 12, 31, 32, 255, 0x7FFF, 0x8000, 0xFFFF, 1 << 31, (1 << 31) - 1, MASK32])
WORDS = EDGES | st.integers(0, MASK32)


@st.composite
def operands(draw: st.DrawFn, name: str) -> tuple[int, Value]:
    """Draw a value, and something true that may be known of it."""
    number = draw(WORDS)
    zeros = (number & -number).bit_length() - 1 if number else 32
    match draw(st.integers(0, 2)):
        case 0:
            return number, unknown(name)
        case 1:
            return number, constant(number)
    low, high = sorted((draw(WORDS), draw(WORDS)))
    return number, Value(name, min(low, number), max(high, number), draw(st.integers(0, zeros)))


@pytest.mark.parametrize("expression", EXPRESSIONS)
@settings(max_examples=25)  # of each of some sixty expressions
@given(data=st.data())
def test_rendered_expressions_mean_what_the_table_says(expression: str, data: st.DataObject) -> None:
    sar = data.draw(st.integers(0, 32))
    numbers = {"i": data.draw(st.integers(-2048, 2048) if "<< i" not in expression else st.integers(0, 31))}
    numbers |= {"j": data.draw(st.integers(1, 16)), "sar": sar, "ccount": 5}
    if ">> i" in expression:
        numbers["i"] = data.draw(st.integers(0, 31))
    names = {name: constant(number) for name, number in numbers.items()}
    names["sar"] = data.draw(st.sampled_from([constant(sar), Value("sar", 0, 63)]))
    for name in ("r", "s", "t", "a0"):
        numbers[name], names[name] = data.draw(operands(name))
    made = render(expression, names)
    expected = eval(expression, dict(PLAIN), numbers)
    got = eval(made.text, {}, numbers)
    if isinstance(expected, bool):
        assert bool(got) == expected
        return
    assert got == expected
    assert made.low <= got <= made.high
    assert got % (1 << made.zeros) == 0


def test_low_zero_bits_are_those_that_both_or_either_has() -> None:
    names = {"s": Value("s", 0, MASK32, 2), "t": Value("t", 0, MASK32, 3)}
    assert [render(text, names).zeros for text in ("s & t", "s | t", "s ^ t", "s + t", "s - t")] == [
        3,
        2,
        2,
        2,
        2,
    ]
    assert render("s << i", {**names, "i": constant(4)}).zeros == 6
    assert render("s * t", names).zeros == 0
