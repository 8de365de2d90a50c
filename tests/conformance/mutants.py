# SPDX-License-Identifier: Apache-2.0
"""Mutants of the virtual ROM, as data: what is changed in its source, and which cases have to notice.

Each case is named by one mutant at least (`test_mutants` sees to that): a case that no wrong board fails
would prove nothing.
"""

from dataclasses import dataclass

DOWNLOAD = "esp8266sim.bootrom.download"
RECEIVER = "esp8266sim.bootrom.receiver"
FLASH = "esp8266sim.bootrom.flash"
BOOT = "esp8266sim.bootrom.boot"
STATE = "esp8266sim.bootrom.state"
SYSTEM = "esp8266sim.bootrom.functions.system"
SERIAL = "esp8266sim.bootrom.functions.serial"
MEMORY = "esp8266sim.bootrom.memory"


@dataclass(frozen=True, slots=True)
class Mutant:
    """One wrong device."""

    wrong: str  # in words
    where: str  # module, or file of the stub's source
    old: str
    new: str
    caught_by: tuple[str, ...]  # ids of cases


ROM_MUTANTS = (
    Mutant(
        "an answer lacks its first C0",
        DOWNLOAD,
        "frame = slip.encode(bytes(dram[REPLY : REPLY + REPLY_SIZE]))",
        "frame = slip.encode(bytes(dram[REPLY : REPLY + REPLY_SIZE]))[1:]",
        (
            "sync.framed",
            "slip.answer",
        ),
    ),
    Mutant(
        "answers share a C0",
        DOWNLOAD,
        "frame = slip.encode(bytes(dram[REPLY : REPLY + REPLY_SIZE]))",
        "frame = slip.encode(bytes(dram[REPLY : REPLY + REPLY_SIZE]))[:-1]",
        ("sync.eight",),
    ),
    Mutant(
        "answers are not escaped",
        DOWNLOAD,
        "frame = slip.encode(bytes(dram[REPLY : REPLY + REPLY_SIZE]))",
        "frame = slip.END + bytes(dram[REPLY : REPLY + REPLY_SIZE]) + slip.END",
        ("slip.escape-c0",),
    ),
    Mutant(
        "DC is escaped too",
        DOWNLOAD,
        "slip.encode(bytes(dram[REPLY : REPLY + REPLY_SIZE]))",
        'slip.encode(bytes(dram[REPLY : REPLY + REPLY_SIZE]).replace(b"\\xdc", b"\\xdd"))',
        ("slip.plain-dc-dd",),
    ),
    Mutant(
        "four C0 in a row lose the frame behind them",
        RECEIVER,
        "                self._inside = True\n        return False",
        '                self._empty = getattr(self, "_empty", 0) + 1 if self._inside else 0\n'
        "                self._inside = self._empty < 4\n"
        "        return False",
        ("slip.empty-frames",),
    ),
    Mutant(
        "what stands outside a frame belongs to it",
        RECEIVER,
        "        self._inside = self._escaped = False\n        self.stored = 0\n        self.interrupts()",
        "        self._inside, self._escaped = True, False\n"
        "        self.stored = 0\n"
        "        self.interrupts()",
        ("boot.first-sync-lost",),
    ),
    Mutant(
        "a frame that pauses is lost",
        RECEIVER,
        "            while not self._poll():\n                yield self._waits_for()\n",
        "            idle = 0\n"
        "            while not self._poll():\n"
        "                yield self._rom.soc.cycles(5200)\n"
        "                idle += 1\n"
        "                self._inside = self._inside and idle < 1000\n",
        ("slip.pauses",),
    ),
    Mutant(
        "what comes before the answer is out is lost",
        DOWNLOAD,
        "            yield from self._reply(1 if failed else 0)\n",
        "            yield from self._reply(1 if failed else 0)\n"
        "            self._receiver.interrupts()\n"
        "            self._receiver._ring.take(len(self._receiver._ring.unread()))\n",
        (
            "sync.twice",
            "slip.answers-apart",
            "slip.back-to-back",
        ),
    ),
    Mutant(
        "DB DD is unescaped as DD",
        RECEIVER,
        "slip.ESC_ESC[1]: slip.ESC}",
        'slip.ESC_ESC[1]: b"\\xdd"}',
        (
            "slip.escape-db",
            "slip.all-values",
        ),
    ),
    Mutant(
        "DB DC is unescaped as DC",
        RECEIVER,
        "slip.ESC_END[1]: slip.END,",
        'slip.ESC_END[1]: b"\\xdc",',
        ("slip.escape-c0",),
    ),
    Mutant(
        "the end of a frame opens the next",
        RECEIVER,
        "        self._inside = self._escaped = False\n        self.stored = 0\n        self.interrupts()",
        "        self._escaped = False\n        self.stored = 0\n        self.interrupts()",
        (
            "slip.noise-before",
            "slip.shared-end",
            "slip.missing-start",
            "slip.missing-end",
            "slip.after-missing-end",
        ),
    ),
    Mutant(
        "a bad escape drops both bytes",
        RECEIVER,
        "UNESCAPED.get(data[at], data[at : at + 1])",
        'UNESCAPED.get(data[at], b"")',
        (
            "slip.escape-other",
            "slip.escape-db-db",
        ),
    ),
    Mutant(
        "a bad escape keeps the DB",
        RECEIVER,
        "UNESCAPED.get(data[at], data[at : at + 1])",
        "UNESCAPED.get(data[at], data[at - 1 : at + 1])",
        ("slip.escape-other",),
    ),
    Mutant(
        "C0 behind DB ends the frame",
        RECEIVER,
        "if self._escaped:\n",
        "if self._escaped and data[at] != END:\n",
        ("slip.escape-end",),
    ),
    Mutant(
        "a frame that fills the buffer is refused",
        DOWNLOAD,
        "failed = yield from self._dispatch()",
        "failed = (yield from self._dispatch()) if self._receiver.stored < 0x2000 else RomError.INVALID",
        ("slip.long-frame",),
    ),
    Mutant(
        "long frames run over what is behind the buffer",
        RECEIVER,
        "room = plain[: max(0, self._size - self.stored)]",
        "room = plain[: max(0, 0x2004 + self._size - self.stored)]",
        ("slip.longer-frame",),
    ),
    Mutant(
        "frames of one byte are none",
        RECEIVER,
        "if self._inside and self.stored:",
        "if self._inside and self.stored > 1:",
        ("slip.one-byte",),
    ),
    Mutant(
        "frames shorter than a header are dropped",
        DOWNLOAD,
        "failed = yield from self._dispatch()\n",
        "if self._receiver.stored < 8:\n"
        "                continue\n"
        "            failed = yield from self._dispatch()\n",
        ("slip.noise-is-frame",),
    ),
    Mutant(
        "the table has an entry more",
        DOWNLOAD,
        "if target == memory.COMMAND_REFUSED:",
        "if target == memory.COMMAND_REFUSED and opcode not in (0xD0, 0xFF, 0x0C):",
        (
            "unknown.0c",
            "unknown.d0",
            "unknown.ff",
        ),
    ),
    Mutant(
        "unknown opcodes are confirmed",
        DOWNLOAD,
        "return RomError.INVALID  # the reply keeps",
        "return 0  # the reply keeps",
        (
            "unknown.00",
            "unknown.01",
            "unknown.0d",
            "unknown.0e",
            "unknown.0f",
            "unknown.10",
            "unknown.11",
            "unknown.12",
            "unknown.13",
            "unknown.14",
            "unknown.d1",
            "unknown.d2",
            "unknown.d3",
        ),
    ),
    Mutant(
        "answers to READ_REG have the direction of requests",
        DOWNLOAD,
        "frame = slip.encode(bytes(dram[REPLY : REPLY + REPLY_SIZE]))",
        "frame = slip.encode(bytes([dram[REPLY_COMMAND] != 10]) + bytes(dram[REPLY + 1 : REPLY + REPLY_SIZE]))",
        (
            "answer.direction",
            "read.word",
        ),
    ),
    Mutant(
        "answers say four bytes",
        DOWNLOAD,
        '"size", REPLY_STATUS.size)',
        '"size", 4)',
        ("sync.eight",),
    ),
    Mutant(
        "the direction is not looked at",
        DOWNLOAD,
        "if dram[DIRECTION] == 0 and opcode",
        "if opcode",
        (
            "dispatch.direction",
            "dispatch.direction-eight",
        ),
    ),
    Mutant(
        "the checksum of every packet is looked at",
        DOWNLOAD,
        "opcode, target = dram[COMMAND], memory.COMMAND_REFUSED\n",
        "opcode, target = dram[COMMAND], memory.COMMAND_REFUSED\n"
        '        if opcode in (8, 10) and self._header("checksum"):\n'
        "            return RomError.BAD_CHECKSUM\n",
        (
            "sync.checksum-ignored",
            "dispatch.checksum-ignored",
        ),
    ),
    Mutant(
        "the size of READ_REG is looked at",
        DOWNLOAD,
        "        yield self._soc.cycles(memory.COST_READ_REG)\n",
        "        yield self._soc.cycles(memory.COST_READ_REG)\n"
        '        if self._header("size") != 4:\n'
        "            return RomError.INVALID\n",
        (
            "dispatch.size-0-ignored",
            "dispatch.size-8-ignored",
        ),
    ),
    Mutant(
        "the size of SYNC is looked at",
        DOWNLOAD,
        "        yield self._soc.cycles(memory.COST_SYNC)\n",
        "        yield self._soc.cycles(memory.COST_SYNC)\n"
        '        if self._header("size") != 36:\n'
        "            return RomError.INVALID\n",
        (
            "sync.short",
            "sync.size-ignored",
        ),
    ),
    Mutant(
        "the packet buffer is cleared before each frame",
        RECEIVER,
        "        self.stored = 0\n        self.interrupts()",
        "        self.stored = 0\n        self._rom.write(self._to, bytes(64))\n        self.interrupts()",
        (
            "sync.empty",
            "dispatch.stale-body",
        ),
    ),
    Mutant(
        "a refusal has the opcode that was refused",
        DOWNLOAD,
        "yield self._soc.cycles(memory.COST_OTHER)\n            return RomError.INVALID  # the reply",
        "dram[REPLY_COMMAND] = opcode\n            return RomError.INVALID  # the reply",
        ("dispatch.old-opcode",),
    ),
    Mutant(
        "refusals are sent once",
        DOWNLOAD,
        "SYNC_REPLIES if dram[REPLY_COMMAND] == Command.SYNC else 1",
        "SYNC_REPLIES if dram[REPLY_COMMAND] == Command.SYNC and not status else 1",
        ("dispatch.eight-refusals",),
    ),
    Mutant(
        "SYNC is answered seven times",
        DOWNLOAD,
        "SYNC_REPLIES = 8",
        "SYNC_REPLIES = 7",
        ("sync.eight",),
    ),
    Mutant(
        "SYNC is answered nine times",
        DOWNLOAD,
        "SYNC_REPLIES = 8",
        "SYNC_REPLIES = 9",
        ("sync.eight",),
    ),
    Mutant(
        "SYNC has the value 0",
        DOWNLOAD,
        'self._set_value(self._body(SYNC, "magic"))',
        "self._set_value(0)",
        ("sync.eight",),
    ),
    Mutant(
        "SYNC has the usual value, whatever was sent",
        DOWNLOAD,
        'self._set_value(self._body(SYNC, "magic"))',
        "self._set_value(0x20120707)",
        ("sync.any-word",),
    ),
    Mutant(
        "answers take 0.2 s",
        DOWNLOAD,
        "        dram = self._bus.dram\n        dram[REPLY_STATUS_BYTE]",
        "        dram = self._bus.dram\n"
        "        yield self._soc.cycles(52 * 200_000)\n"
        "        dram[REPLY_STATUS_BYTE]",
        (
            "sync.in-time",
            "read.in-time",
            "mem.data-in-time",
        ),
    ),
    Mutant(
        "the value does not stick",
        DOWNLOAD,
        "        dram[REPLY_STATUS_BYTE], dram[REPLY_ERROR] = status, dram[ERROR]\n",
        "        dram[REPLY_STATUS_BYTE], dram[REPLY_ERROR] = status, dram[ERROR]\n"
        "        if dram[REPLY_COMMAND] not in (8, 10):\n"
        '            REPLY_HEADER.write(dram, REPLY, "value", 0)\n',
        ("answer.value-sticks",),
    ),
    Mutant(
        "the error does not stick",
        DOWNLOAD,
        "            if failed:\n                self._bus.dram[ERROR] = failed\n",
        "            self._bus.dram[ERROR] = failed\n",
        ("answer.error-sticks",),
    ),
    Mutant(
        "nothing but a reset clears the error",
        DOWNLOAD,
        '"value", value)\n        self._bus.dram[ERROR] = 0\n',
        '"value", value)\n',
        (
            "answer.sync-clears",
            "answer.read-clears",
        ),
    ),
    Mutant(
        "WRITE_REG does not clear the error",
        DOWNLOAD,
        "        self._bus.dram[ERROR] = 0\n"
        "        yield self._soc.cycles(memory.COST_OTHER)\n"
        "        for index",
        "        yield self._soc.cycles(memory.COST_OTHER)\n        for index",
        ("answer.write-clears",),
    ),
    Mutant(
        "the reply is built elsewhere",
        DOWNLOAD,
        "REPLY = memory.REPLY - DRAM",
        "REPLY = memory.REPLY - DRAM + 0x10",
        (
            "dispatch.no-opcode-yet",
            "memory.reply-buffer",
        ),
    ),
    Mutant(
        "the packet lies elsewhere",
        DOWNLOAD,
        'self._rom.cpu.load32(self._body(READ_REG, "address"))',
        'self._rom.cpu.load32(self._body(READ_REG, "address") ^ 0x80 * (self._body(READ_REG, "address") >> 13 == 0x1FFFD))',
        (
            "memory.packet-buffer",
            "memory.body",
        ),
    ),
    Mutant(
        "READ_REG always reads the same word",
        DOWNLOAD,
        'self._rom.cpu.load32(self._body(READ_REG, "address"))',
        "self._rom.cpu.load32(0x40001000)",
        ("slip.escape-c0",),
    ),
    Mutant(
        "READ_REG reads 0 outside the ROM",
        DOWNLOAD,
        'self._set_value(self._rom.cpu.load32(self._body(READ_REG, "address")))',
        'self._set_value(self._rom.cpu.load32(self._body(READ_REG, "address")) * (self._body(READ_REG, "address") >> 20 == 0x400))',
        ("memory.jump-table",),
    ),
    Mutant(
        "READ_REG refuses what is no ROM",
        DOWNLOAD,
        "        yield self._soc.cycles(memory.COST_READ_REG)\n",
        "        yield self._soc.cycles(memory.COST_READ_REG)\n"
        '        if self._body(READ_REG, "address") >> 16 == 0x3FF0:\n'
        "            return RomError.INVALID\n",
        (
            "dispatch.stale-end",
            "read.efuses",
        ),
    ),
    Mutant(
        "READ_REG aligns the address",
        DOWNLOAD,
        'self._rom.cpu.load32(self._body(READ_REG, "address"))',
        'self._rom.cpu.load32(self._body(READ_REG, "address") & ~3)',
        (
            "read.unaligned-1",
            "read.unaligned-2",
            "read.unaligned-3",
        ),
    ),
    Mutant(
        "low addresses read as 0",
        DOWNLOAD,
        'self._rom.cpu.load32(self._body(READ_REG, "address"))',
        'self._rom.cpu.load32(max(0x20000000, self._body(READ_REG, "address")))',
        ("read.null",),
    ),
    Mutant(
        "WRITE_REG ignores the mask",
        DOWNLOAD,
        "old & ~mask | value & mask)",
        "value)",
        (
            "write.mask",
            "write.mask-clears",
            "write.mask-0",
        ),
    ),
    Mutant(
        "WRITE_REG clears what the mask does not name",
        DOWNLOAD,
        "old & ~mask | value & mask)",
        "value & mask)",
        ("write.mask",),
    ),
    Mutant(
        "WRITE_REG does nothing",
        DOWNLOAD,
        "self._rom.cpu.store32(address, old & ~mask | value & mask)",
        "pass",
        (
            "slip.escape-c0",
            "read.other-word",
            "write.word",
        ),
    ),
    Mutant(
        "WRITE_REG does one record",
        DOWNLOAD,
        'for index in range(self._header("size") // REGISTER_WRITE.size):',
        'for index in range(min(1, self._header("size") // REGISTER_WRITE.size)):',
        ("write.many",),
    ),
    Mutant(
        "WRITE_REG does its records backwards",
        DOWNLOAD,
        'for index in range(self._header("size") // REGISTER_WRITE.size):',
        'for index in reversed(range(self._header("size") // REGISTER_WRITE.size)):',
        ("write.order",),
    ),
    Mutant(
        "WRITE_REG rounds up the number of records",
        DOWNLOAD,
        'for index in range(self._header("size") // REGISTER_WRITE.size):',
        'for index in range(-(-self._header("size") // REGISTER_WRITE.size)):',
        (
            "write.size-12",
            "write.size-31",
        ),
    ),
    Mutant(
        "WRITE_REG always does a record",
        DOWNLOAD,
        'for index in range(self._header("size") // REGISTER_WRITE.size):',
        'for index in range(max(1, self._header("size") // REGISTER_WRITE.size)):',
        ("write.size-0",),
    ),
    Mutant(
        "WRITE_REG does not wait",
        DOWNLOAD,
        "            if delay & 0xFFFF:\n",
        "            if False:\n",
        ("write.delay",),
    ),
    Mutant(
        "WRITE_REG waits for all 32 bits",
        DOWNLOAD,
        "            if delay & 0xFFFF:\n"
        "                yield self._soc.cycles(delay_cycles(self._rom, delay & 0xFFFF))\n",
        "            if delay:\n                yield self._soc.cycles(delay_cycles(self._rom, delay))\n",
        ("write.delay-low",),
    ),
    Mutant(
        "WRITE_REG waits once",
        DOWNLOAD,
        "            if delay & 0xFFFF:\n",
        "            if delay & 0xFFFF and not index:\n",
        ("write.delays-add",),
    ),
    Mutant(
        "WRITE_REG aligns the address",
        DOWNLOAD,
        "            self._receiver.interrupts()\n            old",
        "            self._receiver.interrupts()\n            address = address & ~3\n            old",
        ("write.unaligned",),
    ),
    Mutant(
        "low addresses may be written",
        DOWNLOAD,
        "            self._receiver.interrupts()\n            old",
        "            self._receiver.interrupts()\n"
        "            address = max(address, 0x3FFE8000)\n"
        "            old",
        ("write.null",),
    ),
    Mutant(
        "the UART's divisor reads as 0",
        DOWNLOAD,
        'self._set_value(self._rom.cpu.load32(self._body(READ_REG, "address")))',
        'self._set_value(self._rom.cpu.load32(self._body(READ_REG, "address")) * (self._body(READ_REG, "address") != 0x60000014))',
        ("read.divisor",),
    ),
    Mutant(
        "a delay is counted in ten cycles",
        MEMORY,
        "set_word(bus, CYCLES_PER_US, 80)",
        "set_word(bus, CYCLES_PER_US, 10)",
        ("memory.delay-unit",),
    ),
    Mutant(
        "the flash is taken for 1 MiB",
        MEMORY,
        "0x400000",
        "0x100000",
        ("memory.flash-parameters",),
    ),
    Mutant(
        "MEM_BEGIN does not set the sequence back",
        STATE,
        "address=address, sequence=0, received=0)",
        "address=address, received=0)",
        ("slip.all-values",),
    ),
    Mutant(
        "MEM_BEGIN sets the sequence to 1",
        STATE,
        "address=address, sequence=0, received=0)",
        "address=address, sequence=1, received=0)",
        ("slip.all-values",),
    ),
    Mutant(
        "MEM_BEGIN takes any size",
        DOWNLOAD,
        'self._header("size") != MEM_BEGIN.size or block_size > MAX_BLOCK',
        "block_size > MAX_BLOCK",
        ("mem.begin-size-20",),
    ),
    Mutant(
        "MEM_BEGIN takes any block size",
        DOWNLOAD,
        'self._header("size") != MEM_BEGIN.size or block_size > MAX_BLOCK',
        'self._header("size") != MEM_BEGIN.size',
        ("mem.begin-too-large",),
    ),
    Mutant(
        "blocks may have 0x1000 bytes",
        DOWNLOAD,
        "MAX_BLOCK = 0x1800",
        "MAX_BLOCK = 0x1000",
        (
            "mem.begin-largest",
            "mem.data-largest",
            "flash.begin-largest",
        ),
    ),
    Mutant(
        "blocks may have 0x1801 bytes",
        DOWNLOAD,
        "MAX_BLOCK = 0x1800",
        "MAX_BLOCK = 0x1801",
        ("mem.begin-too-large",),
    ),
    Mutant(
        "MEM_BEGIN begins before it looks",
        DOWNLOAD,
        '        block_size = self._body(MEM_BEGIN, "block_size")\n',
        '        block_size = self._body(MEM_BEGIN, "block_size")\n'
        "        self._state.begin(0, 0, 16, 0x40100400)\n",
        ("mem.refused-begin",),
    ),
    Mutant(
        "the checksum of a block is not looked at",
        DOWNLOAD,
        '        if checksum(data) != self._header("checksum") & 0xFF:\n'
        "            return RomError.BAD_CHECKSUM\n"
        "        return data",
        "        return data",
        ("mem.no-data",),
    ),
    Mutant(
        "the checksum begins with 0",
        DOWNLOAD,
        'if checksum(data) != self._header("checksum") & 0xFF:',
        'if checksum(data) ^ 0xEF != self._header("checksum") & 0xFF:',
        ("slip.all-values",),
    ),
    Mutant(
        "the checksum is a sum",
        DOWNLOAD,
        'if checksum(data) != self._header("checksum") & 0xFF:',
        'if (0xEF + sum(data)) & 0xFF != self._header("checksum") & 0xFF:',
        (
            "slip.all-values",
            "mem.begin-restarts",
        ),
    ),
    Mutant(
        "all bytes of the checksum are looked at",
        DOWNLOAD,
        'if checksum(data) != self._header("checksum") & 0xFF:',
        'if checksum(data) != self._header("checksum"):',
        ("mem.checksum-low",),
    ),
    Mutant(
        "a wrong checksum is error 5",
        DOWNLOAD,
        "            return RomError.BAD_CHECKSUM\n        return data",
        "            return RomError.INVALID\n        return data",
        ("mem.bad-checksum",),
    ),
    Mutant(
        "a block with a wrong checksum does not count",
        DOWNLOAD,
        "            return RomError.BAD_CHECKSUM\n        return data",
        "            self._state.advance(sequence=-1)\n"
        "            return RomError.BAD_CHECKSUM\n"
        "        return data",
        (
            "mem.bad-checksum-counts",
            "flash.bad-checksum-counts",
        ),
    ),
    Mutant(
        "a block with a wrong checksum is skipped",
        DOWNLOAD,
        "            return RomError.BAD_CHECKSUM\n        return data",
        "            self._state.advance(address=length)\n"
        "            return RomError.BAD_CHECKSUM\n"
        "        return data",
        ("mem.bad-checksum-next",),
    ),
    Mutant(
        "a block with a wrong checksum is stored",
        DOWNLOAD,
        "            return RomError.BAD_CHECKSUM\n        return data",
        '            self._rom.write(self._state.read("address"), data)\n'
        "            return RomError.BAD_CHECKSUM\n"
        "        return data",
        (
            "mem.bad-checksum",
            "flash.bad-checksum",
        ),
    ),
    Mutant(
        "the sequence is not looked at",
        DOWNLOAD,
        '            or self._body(DATA, "sequence") != self._state.read("sequence")\n',
        "",
        ("flash.wrong-sequence",),
    ),
    Mutant(
        "a block out of order ends the write",
        DOWNLOAD,
        "        ):\n            return RomError.INVALID\n        self._state.advance(sequence=1)",
        "        ):\n"
        "            self._state.advance(sequence=9)\n"
        "            return RomError.INVALID\n"
        "        self._state.advance(sequence=1)",
        ("mem.wrong-sequence",),
    ),
    Mutant(
        "blocks may be longer than was said",
        DOWNLOAD,
        '            or length > self._state.read("block_size")\n',
        "",
        (
            "mem.too-long",
            "mem.block-size-0",
            "flash.too-long",
        ),
    ),
    Mutant(
        "blocks must be as long as was said",
        DOWNLOAD,
        'or length > self._state.read("block_size")',
        'or length != self._state.read("block_size")',
        ("mem.last-short",),
    ),
    Mutant(
        "more blocks than were said are refused",
        DOWNLOAD,
        "            or length % multiple\n",
        "            or length % multiple\n"
        '            or self._state.read("sequence") >= self._state.read("blocks")\n',
        (
            "mem.more-blocks",
            "flash.more-blocks",
        ),
    ),
    Mutant(
        "the header's size of a block must fit",
        DOWNLOAD,
        'self._header("size") > MAX_BLOCK + DATA.size',
        'self._header("size") != length + DATA.size',
        ("mem.size-ignored",),
    ),
    Mutant(
        "the header's size of a block is not looked at",
        DOWNLOAD,
        'self._header("size") > MAX_BLOCK + DATA.size',
        "False",
        ("mem.size-limit",),
    ),
    Mutant(
        "blocks are stored over each other",
        DOWNLOAD,
        "        self._state.advance(address=len(data), received=len(data))\n"
        "        return 0\n"
        "\n"
        "    def _mem_end",
        "        return 0\n\n    def _mem_end",
        (
            "mem.store",
            "mem.last-short",
        ),
    ),
    Mutant(
        "the last word of a block is not stored",
        DOWNLOAD,
        'self._rom.write(self._state.read("address"), data)',
        'self._rom.write(self._state.read("address"), data[:-4])',
        ("mem.checksum-of-data",),
    ),
    Mutant(
        "odd lengths are refused in RAM too",
        DOWNLOAD,
        "self._block(multiple=1)",
        "self._block(multiple=4)",
        (
            "mem.odd-length",
            "mem.odd-iram",
        ),
    ),
    Mutant(
        "instruction RAM takes bytes",
        DOWNLOAD,
        '        self._rom.write(self._state.read("address"), data)\n        self._state.advance',
        '        self._rom.write(self._state.read("address"), data[: len(data) & ~3])\n'
        "        self._state.advance",
        ("mem.odd-length",),
    ),
    Mutant(
        "data need no MEM_BEGIN",
        STATE,
        "block_size=0, sequence=NO_SEQUENCE",
        "block_size=0x1800, sequence=0",
        (
            "mem.no-begin",
            "flash.no-begin",
        ),
    ),
    Mutant(
        "MEM_END takes 12 bytes",
        DOWNLOAD,
        'if self._header("size") > MEM_END.size:',
        "if False:",
        ("mem.end-size-12",),
    ),
    Mutant(
        "MEM_END takes nothing but 8 bytes",
        DOWNLOAD,
        'if self._header("size") > MEM_END.size:',
        'if self._header("size") != MEM_END.size:',
        ("mem.end-size-4",),
    ),
    Mutant(
        "MEM_END never jumps",
        DOWNLOAD,
        'if not self._body(MEM_END, "stay") & 0xFF:',
        "if False:",
        ("mem.end-jumps",),
    ),
    Mutant(
        "MEM_END always jumps",
        DOWNLOAD,
        'if not self._body(MEM_END, "stay") & 0xFF:',
        "if True:",
        ("mem.end-stays",),
    ),
    Mutant(
        "the whole flag of MEM_END counts",
        DOWNLOAD,
        'if not self._body(MEM_END, "stay") & 0xFF:',
        'if not self._body(MEM_END, "stay"):',
        ("mem.end-flag-low",),
    ),
    Mutant(
        "MEM_END that stays forgets the entry point",
        DOWNLOAD,
        '        memory.set_word(self._bus, memory.USER_START, self._body(MEM_END, "entry"))\n',
        "        else:\n"
        "            return 0\n"
        '        memory.set_word(self._bus, memory.USER_START, self._body(MEM_END, "entry"))\n',
        ("mem.end-entry-kept",),
    ),
    Mutant(
        "SPI_SET_PARAMS takes any size",
        DOWNLOAD,
        '        if self._header("size") != SPI_SET_PARAMS.size:\n            return RomError.INVALID\n',
        "",
        (
            "flash.params-size-20",
            "flash.params-size-28",
        ),
    ),
    Mutant(
        "SPI_SET_PARAMS does nothing",
        DOWNLOAD,
        "self._rom.cpu.store32(memory.flash_parameter(self._bus, index), value)",
        "pass",
        ("flash.params",),
    ),
    Mutant(
        "FLASH_END without FLASH_BEGIN succeeds",
        STATE,
        "received=0, address=0, run=0, error=0",
        "received=0, address=0, run=0, error=0)\n        self.write(sequence=0",
        ("flash.end-no-begin",),
    ),
    Mutant(
        "the banner is another's",
        BOOT,
        "ets Jan  8 2013",
        "ets Jun  8 2016",
        ("boot.banner",),
    ),
    Mutant(
        "the boot mode is another",
        BOOT,
        "boot mode:({mode},",
        "boot mode:({mode + 2},",
        ("boot.mode",),
    ),
    Mutant(
        "the autobaud wants more edges than a SYNC has",
        SERIAL,
        "AUTOBAUD_EDGES = 29",
        "AUTOBAUD_EDGES = 400",
        ("boot.second-sync",),
    ),
    Mutant(
        "the first SYNC is answered",
        BOOT,
        "        serial.attach(self._rom)\n",
        "        serial.attach(self._rom)\n"
        '        yield from self._print(b"\\xc0\\x01\\x08\\x02\\x00\\x07\\x07\\x12\\x20\\x00\\x00\\xc0" * 8)\n',
        (
            "boot.first-sync-lost",
            "boot.rate-57600",
            "boot.measured-once",
        ),
    ),
    Mutant(
        "a SYNC is needed before anything else",
        DOWNLOAD,
        "opcode, target = dram[COMMAND], memory.COMMAND_REFUSED\n",
        "opcode, target = dram[COMMAND], memory.COMMAND_REFUSED\n"
        "        self._synced = opcode == 8 or getattr(self, '_synced', False)\n"
        "        if not self._synced:\n"
        "            return RomError.INVALID\n",
        ("boot.no-sync-needed",),
    ),
    Mutant(
        "ten times as many edges are needed",
        SERIAL,
        "EDGES = 29",
        "EDGES = 290",
        ("boot.any-edges",),
    ),
    Mutant(
        "a few edges are enough",
        SERIAL,
        "EDGES = 29",
        "EDGES = 4",
        (
            "boot.few-edges",
            "boot.rate-9600",
            "boot.rate-230400",
            "boot.rate-460800",
        ),
    ),
    Mutant(
        "FLASH_DATA does not write",
        DOWNLOAD,
        "        yield from self._flash.write(address, len(data), lambda at, length: data[at : at + length])\n",
        "",
        (
            "flash.write",
            "flash.write-pages",
        ),
    ),
    Mutant(
        "blocks are written over each other",
        DOWNLOAD,
        "        self._state.advance(address=len(data), received=len(data))\n"
        "        return 0\n"
        "\n"
        "    def _flash_end",
        "        return 0\n\n    def _flash_end",
        ("flash.write-two",),
    ),
    Mutant(
        "a block of flash is written at the beginning of its 64 KiB",
        DOWNLOAD,
        "self._state.begin(size, blocks, block_size, offset)",
        "self._state.begin(size, blocks, block_size, offset & ~0xFFFF)",
        (
            "flash.write-elsewhere",
            "flash.begin-restarts",
        ),
    ),
    Mutant(
        "FLASH_BEGIN erases what it is told to, and no more",
        FLASH,
        "at, left = at + head, count  #",
        "at, left = at + head, count - head  #",
        (
            "flash.erases-two",
            "flash.erases-byte",
            "flash.erases-four",
            "flash.erases-rounded",
            "flash.erases-sixteen",
        ),
    ),
    Mutant(
        "FLASH_BEGIN erases nothing",
        FLASH,
        "        yield from self.unlock()\n        count",
        "        yield from self.unlock()\n        return True\n        count",
        ("flash.erases",),
    ),
    Mutant(
        "FLASH_BEGIN rounds sectors down",
        FLASH,
        "_quotient(size + sector - 1, sector)",
        "_quotient(size, sector)",
        ("flash.write",),
    ),
    Mutant(
        "FLASH_BEGIN begins to erase at a block's beginning",
        FLASH,
        "at = _quotient(offset, sector)",
        "at = _quotient(offset, block) * per_block",
        (
            "flash.erases-inside",
            "flash.erases-end",
        ),
    ),
    Mutant(
        "FLASH_BEGIN always erases a sector",
        FLASH,
        "count = _quotient(size + sector - 1, sector)",
        "count = max(1, _quotient(size + sector - 1, sector))",
        ("flash.erases-nothing",),
    ),
    Mutant(
        "FLASH_BEGIN begins inside a sector",
        FLASH,
        " or (sector and offset % sector)",
        "",
        ("flash.begin-unaligned",),
    ),
    Mutant(
        "FLASH_BEGIN erases up to the chip's end first",
        FLASH,
        "if offset + size & MASK32 > chip or (sector",
        "if (sector",
        ("flash.begin-past-end",),
    ),
    Mutant(
        "FLASH_BEGIN refuses the last sector at once",
        FLASH,
        "if offset + size & MASK32 > chip or (sector",
        "if offset + size & MASK32 >= chip or (sector",
        ("flash.begin-into-end",),
    ),
    Mutant(
        "FLASH_BEGIN takes any size",
        DOWNLOAD,
        'self._header("size") != FLASH_BEGIN.size or block_size > MAX_BLOCK',
        "block_size > MAX_BLOCK",
        (
            "flash.begin-size-12",
            "flash.begin-size-20",
        ),
    ),
    Mutant(
        "FLASH_BEGIN takes any block size",
        DOWNLOAD,
        'self._header("size") != FLASH_BEGIN.size or block_size > MAX_BLOCK',
        'self._header("size") != FLASH_BEGIN.size',
        ("flash.begin-too-large",),
    ),
    Mutant(
        "a FLASH_BEGIN that fails does not begin",
        DOWNLOAD,
        "        return 0 if erased else RomError.FLASH_FAILED\n",
        "        if not erased:\n"
        "            self._state.begin(0, 0, 0, 0)\n"
        "        return 0 if erased else RomError.FLASH_FAILED\n",
        ("flash.failed-begin",),
    ),
    Mutant(
        "a block with a wrong checksum is written",
        DOWNLOAD,
        "            return data\n        yield self._soc.cycles(2 * len(data)",
        '            yield from self._flash.write(self._state.read("address"), 4, lambda at, length: bytes(length))\n'
        "            return data\n"
        "        yield self._soc.cycles(2 * len(data)",
        ("flash.bad-checksum",),
    ),
    Mutant(
        "flash takes blocks of any length",
        DOWNLOAD,
        "self._block(multiple=4)",
        "self._block(multiple=1)",
        ("flash.odd-length",),
    ),
    Mutant(
        "what was written is not looked at",
        DOWNLOAD,
        'if checksum(read_back) != self._header("checksum") & 0xFF:',
        "if False:",
        ("flash.not-erased",),
    ),
    Mutant(
        "after an error the address goes on",
        DOWNLOAD,
        "            return RomError.READ_BACK_DIFFERS\n",
        "            self._state.advance(address=len(data))\n            return RomError.READ_BACK_DIFFERS\n",
        ("flash.not-erased-address",),
    ),
    Mutant(
        "what was written is compared byte by byte",
        DOWNLOAD,
        'if checksum(read_back) != self._header("checksum") & 0xFF:',
        "if read_back != data:",
        ("flash.same-xor",),
    ),
    Mutant(
        "MEM_BEGIN is for RAM alone",
        DOWNLOAD,
        "self._state.begin(size, blocks, block_size, address)",
        "self._state.begin(size, blocks, block_size if address >> 28 else 0, address)",
        ("flash.and-memory",),
    ),
    Mutant(
        "FLASH_END always fails",
        DOWNLOAD,
        "if not self._state.complete():",
        "if True:",
        ("flash.end-complete",),
    ),
    Mutant(
        "FLASH_END always succeeds",
        DOWNLOAD,
        "if not self._state.complete():",
        "if False:",
        ("flash.end-incomplete",),
    ),
    Mutant(
        "WRITE_REG succeeds with status 3",
        DOWNLOAD,
        "yield from self._reply(1 if failed else 0)",
        "yield from self._reply(1 if failed else 3 * (self._bus.dram[REPLY_COMMAND] == 9))",
        ("answer.success",),
    ),
    Mutant(
        "refusals have status 2",
        DOWNLOAD,
        "yield from self._reply(1 if failed else 0)",
        "yield from self._reply(2 if failed else 0)",
        (
            "answer.failure",
            "mem.begin-size-8",
        ),
    ),
)
