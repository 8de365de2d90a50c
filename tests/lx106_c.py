# SPDX-License-Identifier: Apache-2.0
"""C as stub loaders have it, compiled for the LX106, and a way to call it."""

from tests.lx106 import RAM, RAM_SIZE, Machine, Program, build

SOURCE = r"""
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
__asm__(".section .text\n.global _start\n.global stop\n_start:\nstop: ill\n");

void copy_bytes(u8 *to, const u8 *from, u32 size) { while (size--) *to++ = *from++; }

void copy_words(u32 *to, const u32 *from, u32 size) { for (u32 i = 0; i < size / 4; i++) to[i] = from[i]; }

u32 checksum(const u8 *data, u32 size) {
    u8 sum = 0xEF;
    for (u32 i = 0; i < size; i++) sum ^= data[i];
    return sum;
}

u32 crc32(const u8 *data, u32 size) {
    u32 crc = 0xFFFFFFFF;
    for (u32 i = 0; i < size; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++) crc = crc & 1 ? crc >> 1 ^ 0xEDB88320 : crc >> 1;
    }
    return ~crc;
}

u32 slip_encode(u8 *to, const u8 *from, u32 size) {
    u8 *start = to;
    *to++ = 0xC0;
    for (u32 i = 0; i < size; i++) {
        u8 byte = from[i];
        if (byte == 0xC0) { *to++ = 0xDB; *to++ = 0xDC; }
        else if (byte == 0xDB) { *to++ = 0xDB; *to++ = 0xDD; }
        else *to++ = byte;
    }
    *to++ = 0xC0;
    return to - start;
}

u32 slip_decode(u8 *to, const u8 *from, u32 size) {
    u8 *start = to;
    for (u32 i = 0; i < size; i++) {
        u8 byte = from[i];
        if (byte == 0xC0) continue;
        if (byte == 0xDB) byte = from[++i] == 0xDC ? 0xC0 : 0xDB;
        *to++ = byte;
    }
    return to - start;
}

#define ROL(x, n) ((x) << (n) | (x) >> (32 - (n)))
#define STEP(f, a, b, c, d, x, t, s) a += f(b, c, d) + (x) + t; a = ROL(a, s) + b;
#define F(x, y, z) (((x) & (y)) | (~(x) & (z)))
#define G(x, y, z) F(z, x, y)
#define H(x, y, z) ((x) ^ (y) ^ (z))
#define I(x, y, z) ((y) ^ ((x) | ~(z)))
@ROUNDS@

void md5_blocks(u32 *state, const u32 *data, u32 count) {
    while (count--) { md5_block(state, data); data += 16; }
}

static int less(short a, short b) { return a < b; }

static void sort(short *data, int low, int high, int (*before)(short, short)) {
    while (low < high) {
        short pivot = data[(low + high) >> 1];
        int i = low, j = high;
        while (i <= j) {
            while (before(data[i], pivot)) i++;
            while (before(pivot, data[j])) j--;
            if (i <= j) { short kept = data[i]; data[i++] = data[j]; data[j--] = kept; }
        }
        sort(data, low, j, before);
        low = i;
    }
}

void sort_shorts(short *data, u32 count) { sort(data, 0, count - 1, less); }

int dot(const short *a, const short *b, u32 count) {
    int sum = 0;
    for (u32 i = 0; i < count; i++) sum += a[i] * b[i];
    return sum;
}

u32 divide(u32 a, u32 b) {
    u32 quotient = 0, rest = 0;
    for (int bit = 31; bit >= 0; bit--) {
        rest = rest << 1 | (a >> bit & 1);
        if (rest >= b) { rest -= b; quotient |= 1u << bit; }
    }
    return quotient;
}
"""


def _rounds() -> str:
    """Return MD5's block function, its 64 steps spelt out, from its definition in RFC 1321."""
    import math

    shifts = [(7, 12, 17, 22), (5, 9, 14, 20), (4, 11, 16, 23), (6, 10, 15, 21)]
    steps = [(1, 0), (5, 1), (3, 5), (7, 0)]
    lines = [
        "__attribute__((noinline)) void md5_block(u32 *state, const u32 *x) {",
        "u32 a = state[0], b = state[1], c = state[2], d = state[3];",
    ]
    for i in range(64):
        turn, names = i // 16, "abcd"
        order = [names[(k - i) % 4] for k in range(4)]
        k = (steps[turn][0] * i + steps[turn][1]) % 16
        constant = int(abs(math.sin(i + 1)) * 2**32)
        lines.append(
            f"STEP({'FGHI'[turn]}, {', '.join(order)}, x[{k}], 0x{constant:x}u, {shifts[turn][i % 4]})"
        )
    return "\n".join([*lines, "state[0] += a; state[1] += b; state[2] += c; state[3] += d; }"])


OPTIONS = ("-O2", "-ffreestanding", "-fno-tree-loop-distribute-patterns")


def program() -> Program:
    """Compile it. Skips without the compiler."""
    return build(SOURCE.replace("@ROUNDS@", _rounds()), name="program.c", options=OPTIONS)


class Callable:
    """A machine whose functions can be called, with data at its `RAM`."""

    def __init__(self, *, translating: bool = True, hot: int = 0) -> None:
        self.program = program()
        self.machine = Machine(
            self.program, translating=translating, hot=hot, stops=(self.program.names["stop"],)
        )

    def call(self, name: str, *arguments: int) -> int:
        """Call a function with the arguments in a2 and up; return a2."""
        cpu = self.machine.cpu
        cpu.registers[0], cpu.registers[1] = self.program.names["stop"], RAM + RAM_SIZE - 16
        cpu.registers[2 : 2 + len(arguments)] = [argument & 0xFFFFFFFF for argument in arguments]
        cpu.pc = self.program.names[name]
        cpu.run(cpu.cycles + 10**9)
        assert cpu.pc == self.program.names["stop"]
        return cpu.registers[2]

    def put(self, address: int, data: bytes) -> None:
        """Write to data RAM."""
        self.machine.memory.ram[address - RAM : address - RAM + len(data)] = data

    def get(self, address: int, size: int) -> bytes:
        """Read data RAM."""
        return bytes(self.machine.memory.ram[address - RAM : address - RAM + size])
