# SPDX-License-Identifier: Apache-2.0
"""What the compiler calls for arithmetic that the LX106 has no instruction for (libgcc's names); rand.

64-bit values are in two registers, the low word first. A division by zero executes an illegal instruction;
the Arduino core's postmortem knows the one in __divsi3 by its address, 0x4000DCE5, and the other functions
are taken to be of the same libgcc. Conversions to integers do with what does not fit as that library does.
Of NaNs the first operand comes out (assumed), and a new one is positive and quiet. __udivsi3 costs 131
instructions, counted by executing the mask ROM's code; the other costs are assumed.
"""

import math
import struct
from collections.abc import Callable

from esp8266sim.bootrom.rom import MASK32, Function, Rom
from esp8266sim.cpu.special import ILLEGAL
from esp8266sim.soc.bus import CpuException

COST_DIVIDE = 131
COST_WIDE = 400
COST_MULTIPLY = 40
COST_FLOAT = 150
MASK64 = (1 << 64) - 1
INT_MIN, INT_MAX = -(1 << 31), (1 << 31) - 1
# Two words, low first, in the last of the ROM's initialised data; the place is a choice.
RANDOM_STATE = 0x3FFFDAA8
RANDOM_SEED = 1
RANDOM_FACTOR = 6364136223846793005  # newlib's; that the ROM's rand is newlib's is assumed


def _signed(value: int, bits: int = 32) -> int:
    return value - (value >> bits - 1 << bits)


def _wide(low: int, high: int) -> int:
    return low | high << 32


def _return_wide(rom: Rom, value: int) -> int:
    rom.cpu.registers[3] = value >> 32 & MASK32
    return value & MASK32


def _divided(rom: Rom, value: int, by: int, cost: int) -> tuple[int, int]:
    """Return quotient and remainder, rounded towards zero as in C."""
    rom.spend(cost)
    if by == 0:
        raise CpuException(ILLEGAL, rom.cpu.pc)
    quotient = abs(value) // abs(by)
    quotient = -quotient if (value < 0) != (by < 0) else quotient
    return quotient, value - quotient * by


def divide_unsigned(rom: Rom, value: int, by: int) -> int:
    """__udivsi3."""
    return _divided(rom, value, by, COST_DIVIDE)[0]


def remainder_unsigned(rom: Rom, value: int, by: int) -> int:
    """__umodsi3."""
    return _divided(rom, value, by, COST_DIVIDE)[1]


def divide(rom: Rom, value: int, by: int) -> int:
    """__divsi3."""
    return _divided(rom, _signed(value), _signed(by), COST_DIVIDE)[0]


def divide_wide_unsigned(rom: Rom, low: int, high: int, by_low: int, by_high: int) -> int:
    """__udivdi3."""
    return _return_wide(rom, _divided(rom, _wide(low, high), _wide(by_low, by_high), COST_WIDE)[0])


def remainder_wide_unsigned(rom: Rom, low: int, high: int, by_low: int, by_high: int) -> int:
    """__umoddi3."""
    return _return_wide(rom, _divided(rom, _wide(low, high), _wide(by_low, by_high), COST_WIDE)[1])


def divide_wide(rom: Rom, low: int, high: int, by_low: int, by_high: int) -> int:
    """__divdi3."""
    value, by = _signed(_wide(low, high), 64), _signed(_wide(by_low, by_high), 64)
    return _return_wide(rom, _divided(rom, value, by, COST_WIDE)[0])


def multiply_wide(rom: Rom, low: int, high: int, by_low: int, by_high: int) -> int:
    """__muldi3."""
    rom.spend(COST_MULTIPLY)
    return _return_wide(rom, _wide(low, high) * _wide(by_low, by_high) & MASK64)


def multiply_to_wide(rom: Rom, one: int, other: int) -> int:
    """__umulsidi3."""
    rom.spend(COST_MULTIPLY)
    return _return_wide(rom, one * other)


# -- floating point: IEEE singles in one register, doubles in two ------------------------------------


def _single(bits: int) -> float:
    return float(struct.unpack("<f", bits.to_bytes(4, "little"))[0])


def _double(low: int, high: int) -> float:
    return float(struct.unpack("<d", _wide(low, high).to_bytes(8, "little"))[0])


def _of_single(value: float) -> int:
    try:
        packed = struct.pack("<f", value)
    except OverflowError:
        packed = struct.pack("<f", float("inf") if value > 0 else float("-inf"))
    return int.from_bytes(packed, "little")


def _return_double(rom: Rom, value: float) -> int:
    return _return_wide(rom, int.from_bytes(struct.pack("<d", value), "little"))


def _quotient(one: float, other: float) -> float:
    """Divide as IEEE has it."""
    if other:
        return one / other
    if not one or math.isnan(one):
        return float("nan")
    negative = struct.pack("<d", one)[7] ^ struct.pack("<d", other)[7]
    return float("-inf") if negative & 0x80 else float("inf")


def _nan_aside(operation: Callable[[float, float], float], one: float, other: float) -> float:
    """Do an operation; the sign of a new NaN is not left to the host."""
    for operand in (one, other):
        if math.isnan(operand):
            return operand
    value = operation(one, other)
    return math.nan if math.isnan(value) else value


def _unsigned(value: float) -> int:
    """Round towards zero; a negative number becomes its two's complement."""
    if math.isnan(value) or value > MASK32:
        return MASK32
    return 0x80000000 if value <= INT_MIN else int(value) & MASK32


def _singles(operation: Callable[[float, float], float]) -> Callable[[Rom, int, int], int]:
    def body(rom: Rom, one: int, other: int) -> int:
        rom.spend(COST_FLOAT)
        return _of_single(_nan_aside(operation, _single(one), _single(other)))

    return body


def _doubles(operation: Callable[[float, float], float]) -> Callable[[Rom, int, int, int, int], int]:
    def body(rom: Rom, low: int, high: int, other_low: int, other_high: int) -> int:
        rom.spend(COST_FLOAT)
        value = _nan_aside(operation, _double(low, high), _double(other_low, other_high))
        return _return_double(rom, value)

    return body


def extend(rom: Rom, value: int) -> int:
    """__extendsfdf2."""
    rom.spend(COST_FLOAT)
    return _return_double(rom, _single(value))


def truncate(rom: Rom, low: int, high: int) -> int:
    """__truncdfsf2."""
    rom.spend(COST_FLOAT)
    return _of_single(_double(low, high))


def to_int(rom: Rom, low: int, high: int) -> int:
    """__fixdfsi."""
    rom.spend(COST_FLOAT)
    value = _double(low, high)
    return INT_MAX if math.isnan(value) else int(max(INT_MIN, min(INT_MAX, value)))


def to_unsigned(rom: Rom, low: int, high: int) -> int:
    """__fixunsdfsi."""
    rom.spend(COST_FLOAT)
    return _unsigned(_double(low, high))


def single_to_unsigned(rom: Rom, value: int) -> int:
    """__fixunssfsi."""
    rom.spend(COST_FLOAT)
    return _unsigned(_single(value))


def int_to_double(rom: Rom, value: int) -> int:
    """__floatsidf."""
    rom.spend(COST_FLOAT)
    return _return_double(rom, float(_signed(value)))


def unsigned_to_double(rom: Rom, value: int) -> int:
    """__floatunsidf."""
    rom.spend(COST_FLOAT)
    return _return_double(rom, float(value))


def int_to_single(rom: Rom, value: int) -> int:
    """__floatsisf."""
    rom.spend(COST_FLOAT)
    return _of_single(float(_signed(value)))


def unsigned_to_single(rom: Rom, value: int) -> int:
    """__floatunsisf."""
    rom.spend(COST_FLOAT)
    return _of_single(float(value))


def initialise(rom: Rom) -> None:
    """Give what is kept in RAM the values that it has before a program runs."""
    rom.write(RANDOM_STATE, RANDOM_SEED.to_bytes(8, "little"))


def seed_random(rom: Rom, seed: int) -> None:
    """Srand."""
    rom.spend(COST_MULTIPLY)
    rom.write(RANDOM_STATE, seed.to_bytes(8, "little"))


def random(rom: Rom) -> int:
    """Rand: 31 bits."""
    rom.spend(COST_MULTIPLY)
    state = int.from_bytes(rom.read(RANDOM_STATE, 8), "little") * RANDOM_FACTOR + 1 & MASK64
    rom.write(RANDOM_STATE, state.to_bytes(8, "little"))
    return state >> 32 & INT_MAX


FUNCTIONS = (
    Function("rand", random),
    Function("srand", seed_random),
    Function("__udivsi3", divide_unsigned),
    Function("__umodsi3", remainder_unsigned),
    Function("__divsi3", divide),
    Function("__udivdi3", divide_wide_unsigned),
    Function("__umoddi3", remainder_wide_unsigned),
    Function("__divdi3", divide_wide),
    Function("__muldi3", multiply_wide),
    Function("__umulsidi3", multiply_to_wide),
    Function("__addsf3", _singles(lambda one, other: one + other)),
    Function("__subsf3", _singles(lambda one, other: one - other)),
    Function("__mulsf3", _singles(lambda one, other: one * other)),
    Function("__adddf3", _doubles(lambda one, other: one + other)),
    Function("__subdf3", _doubles(lambda one, other: one - other)),
    Function("__muldf3", _doubles(lambda one, other: one * other)),
    Function("__divdf3", _doubles(_quotient)),
    Function("__extendsfdf2", extend),
    Function("__truncdfsf2", truncate),
    Function("__fixdfsi", to_int),
    Function("__fixunsdfsi", to_unsigned),
    Function("__fixunssfsi", single_to_unsigned),
    Function("__floatsidf", int_to_double),
    Function("__floatunsidf", unsigned_to_double),
    Function("__floatsisf", int_to_single),
    Function("__floatunsisf", unsigned_to_single),
)
