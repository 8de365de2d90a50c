# SPDX-License-Identifier: Apache-2.0
"""Turns the table's expressions into Python source, simpler where the operands' ranges allow it.

A `Value` is a piece of source and the range that its value lies in. With nothing known, wrap(s + t)
becomes ((s + t) & 0xFFFFFFFF); when both are known to be small, just (s + t).
"""

import ast
from dataclasses import dataclass
from functools import cache

MASK32 = 0xFFFFFFFF
SIGN = 0x80000000
NEAR = 1 << 16
WIDE = 1 << 70  # further than any expression of the table reaches


@dataclass(frozen=True, slots=True)
class Value:
    """Source of an expression, an atom or in parentheses, and what is known of its value."""

    text: str
    low: int
    high: int
    zeros: int = 0  # at least so many of its lowest bits are 0


def constant(value: int) -> Value:
    """Return a known number."""
    zeros = (value & -value).bit_length() - 1 if value else 32
    return Value(str(value) if value >= 0 else f"({value})", value, value, zeros)


def unknown(text: str) -> Value:
    """Return a register of which nothing is known."""
    return Value(text, 0, MASK32)


@cache
def _parse(expression: str) -> ast.expr:
    return ast.parse(expression, mode="eval").body


def render(expression: str, names: dict[str, Value]) -> Value:
    """Render an expression of the table; `names` gives what its names stand for."""
    return _render(_parse(expression), names)


def _render(node: ast.expr, names: dict[str, Value]) -> Value:
    match node:
        case ast.Name(id=name):
            return names[name]
        case ast.Constant(value=int(number)):
            return constant(number)
        case ast.BinOp(left=left, op=op, right=right):
            return _binary(op, _render(left, names), _render(right, names))
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return _compare(op, left, right, names)
        case ast.Call(func=ast.Name(id="wrap"), args=[argument]):
            return _wrap(_render(argument, names))
        case ast.Call(func=ast.Name(id="signed"), args=[argument]):
            return _signed(_render(argument, names))
        case ast.Call(func=ast.Name(id="abs"), args=[argument]):
            return Value(f"abs({_render(argument, names).text})", 0, SIGN)
        case ast.Call(func=ast.Attribute(value=value, attr="bit_length")):
            inner = _render(value, names)
            if inner.low == inner.high:
                return constant(inner.low.bit_length())
            return Value(f"{inner.text}.bit_length()", 0, 32)
        case ast.Call(func=ast.Attribute(value=ast.Name(id="cpu"), attr=method), args=arguments):
            texts = ", ".join(_render(argument, names).text for argument in arguments)
            return Value(f"cpu.{method}({texts})", 0, MASK32)
        case ast.IfExp(test=test, body=body, orelse=orelse):
            one, other = _render(body, names), _render(orelse, names)
            text = f"({one.text} if {_render(test, names).text} else {other.text})"
            return Value(text, min(one.low, other.low), max(one.high, other.high))
    raise ValueError(f"the table uses an expression that nothing renders: {ast.unparse(node)}")


def _wrap(value: Value) -> Value:
    if value.low >= 0 and value.high <= MASK32:
        return value
    if value.low == value.high:
        return constant(value.low & MASK32)
    if value.low >= -NEAR and value.high <= MASK32 + NEAR:  # seldom outside: then % makes no new number
        return Value(f"({value.text} % 0x100000000)", 0, MASK32, value.zeros)
    return Value(f"({value.text} & 0xFFFFFFFF)", 0, MASK32, value.zeros)


def _signed(value: Value) -> Value:
    if value.high < SIGN:
        return value
    if value.low == value.high:
        return constant(value.low - (1 << 32))
    return Value(f"(({value.text} ^ 0x80000000) - 0x80000000)", -SIGN, SIGN - 1)


def _compare(op: ast.cmpop, left: ast.expr, right: ast.expr, names: dict[str, Value]) -> Value:
    sign = {ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.GtE: ">="}[type(op)]
    match left, right:
        case ast.Call(func=ast.Name(id="signed"), args=[inner]), _ if _render(inner, names).high >= SIGN:
            return _compare_signed(sign, _render(inner, names), right, names)
        case _, ast.Call(func=ast.Name(id="signed"), args=[inner]) if _render(inner, names).high >= SIGN:
            one, other = _render(left.args[0], names), _render(inner, names)  # type: ignore[attr-defined]
            return Value(f"({_biased(one)} {sign} {_biased(other)})", 0, 1)
    one, other = _render(left, names), _render(right, names)
    if other.text == "0" and sign in {"==", "!="}:  # truth is quicker than a comparison
        return Value(f"(not {one.text})" if sign == "==" else one.text, 0, 1)
    return Value(f"({one.text} {sign} {other.text})", 0, 1)


def _compare_signed(sign: str, one: Value, right: ast.expr, names: dict[str, Value]) -> Value:
    """Compare two's complement numbers as unsigned ones with the sign bit turned over."""
    match right:
        case ast.Call(func=ast.Name(id="signed"), args=[inner]):
            return Value(f"({_biased(one)} {sign} {_biased(_render(inner, names))})", 0, 1)
    other = _render(right, names)
    bound = constant(other.low + SIGN).text if other.low == other.high else f"({other.text} + 0x80000000)"
    return Value(f"({_biased(one)} {sign} {bound})", 0, 1)


def _biased(value: Value) -> str:
    if value.low == value.high:
        return str(value.low ^ SIGN)
    return f"({value.text} ^ 0x80000000)"


def _binary(op: ast.operator, one: Value, other: Value) -> Value:
    low, high = _range(op, one, other)
    if low == high:
        return constant(low)
    if not other.low and not other.high and not isinstance(op, ast.BitAnd | ast.Mult):
        return one
    if isinstance(op, ast.BitOr) and one.text == other.text:
        return one
    if isinstance(op, ast.BitOr) and one.text == f"({other.text} << 32)":  # of a rotation; this is quicker
        return Value(f"({other.text} * 0x100000001)", low, high)
    if isinstance(op, ast.BitAnd) and other.low == other.high and one.low >= 0:
        mask = other.low
        if mask & mask + 1 == 0 and one.high <= mask:
            return one
    sign = {
        ast.Add: "+",
        ast.Sub: "-",
        ast.Mult: "*",
        ast.LShift: "<<",
        ast.RShift: ">>",
        ast.BitAnd: "&",
        ast.BitOr: "|",
        ast.BitXor: "^",
    }[type(op)]
    return Value(f"({one.text} {sign} {other.text})", low, high, _zeros(op, one, other))


def _zeros(op: ast.operator, one: Value, other: Value) -> int:
    """Return how many low bits of the result are 0 for certain."""
    match op:
        case ast.LShift():
            return one.zeros + other.low
        case ast.BitAnd():
            return max(one.zeros, other.zeros)
        case ast.Add() | ast.Sub() | ast.BitOr() | ast.BitXor():
            return min(one.zeros, other.zeros)
    return 0


def _range(op: ast.operator, one: Value, other: Value) -> tuple[int, int]:
    """Return bounds of the result; exact when both operands are known."""
    known = one.low == one.high and other.low == other.high
    match op:
        case ast.Add():
            return one.low + other.low, one.high + other.high
        case ast.Sub():
            return one.low - other.high, one.high - other.low
        case ast.Mult():
            products = [a * b for a in (one.low, one.high) for b in (other.low, other.high)]
            return min(products), max(products)
        case ast.LShift() if other.low >= 0 and other.high <= 64:
            ends = [a << b for a in (one.low, one.high) for b in (other.low, other.high)]
            return min(ends), max(ends)
        case ast.RShift() if other.low >= 0 and other.high <= 64:
            ends = [a >> b for a in (one.low, one.high) for b in (other.low, other.high)]
            return min(ends), max(ends)
        case ast.BitAnd() if known:
            return one.low & other.low, one.low & other.low
        case ast.BitAnd() if one.low >= 0 or other.low >= 0:
            return 0, min(value.high for value in (one, other) if value.low >= 0)
        case ast.BitOr() if known:
            return one.low | other.low, one.low | other.low
        case ast.BitXor() if known:
            return one.low ^ other.low, one.low ^ other.low
        case ast.BitOr() | ast.BitXor() if one.low >= 0 and other.low >= 0:
            return 0, (1 << max(one.high.bit_length(), other.high.bit_length())) - 1
    return -WIDE, WIDE
