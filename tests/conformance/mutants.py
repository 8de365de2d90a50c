# SPDX-License-Identifier: Apache-2.0
"""Mutants as data: what is changed in the virtual ROM, or in our stub's source, and which cases have to notice.

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
        *(DOWNLOAD, "frame = slip.encode(bytes(dram[REPLY : REPLY + REPLY_SIZE]))"),
        "frame = slip.encode(bytes(dram[REPLY : REPLY + REPLY_SIZE]))[1:]",
        (),
    ),
    Mutant(
        "answers share a C0",
        *(DOWNLOAD, "frame = slip.encode(bytes(dram[REPLY : REPLY + REPLY_SIZE]))"),
        "frame = slip.encode(bytes(dram[REPLY : REPLY + REPLY_SIZE]))[:-1]",
        (),
    ),
    Mutant(
        "answers are not escaped",
        *(DOWNLOAD, "frame = slip.encode(bytes(dram[REPLY : REPLY + REPLY_SIZE]))"),
        "frame = slip.END + bytes(dram[REPLY : REPLY + REPLY_SIZE]) + slip.END",
        (),
    ),
    Mutant(
        "DC is escaped too",
        *(DOWNLOAD, "slip.encode(bytes(dram[REPLY : REPLY + REPLY_SIZE]))"),
        r'slip.encode(bytes(dram[REPLY : REPLY + REPLY_SIZE]).replace(b"\xdc", b"\xdd"))',
        (),
    ),
    Mutant(
        "three C0 in a row lose the frame behind them",
        *(RECEIVER, "                self._inside = True\n        return False"),
        '                self._empty = getattr(self, "_empty", 0) + 1 if self._inside else 0\n'
        "                self._inside = self._empty < 3\n        return False",
        (),
    ),
    Mutant(
        "what stands outside a frame belongs to it",
        *(
            RECEIVER,
            "        self._inside = self._escaped = False\n        self.stored = 0\n        self.interrupts()",
        ),
        "        self._inside, self._escaped = True, False\n        self.stored = 0\n        self.interrupts()",
        (),
    ),
    Mutant(
        "a frame that pauses is lost",
        *(RECEIVER, "                yield self._waits_for()\n"),
        "                since = self._rom.soc.clock.now\n                yield self._waits_for()\n"
        "                self._inside = self._inside and self._rom.soc.clock.now - since < 10**11\n",
        (),
    ),
    Mutant(
        "what comes before the answer is out is lost",
        *(DOWNLOAD, "            yield from self._reply(1 if failed else 0)\n"),
        "            yield from self._reply(1 if failed else 0)\n            self._receiver.interrupts()\n"
        "            self._receiver._ring.take(len(self._receiver._ring.unread()))\n",
        (),
    ),
    Mutant(
        "DB DD is unescaped as DD",
        *(RECEIVER, "slip.ESC_ESC[1]: slip.ESC}", 'slip.ESC_ESC[1]: b"\\xdd"}'),
        (),
    ),
    Mutant(
        "DB DC is unescaped as DC",
        *(RECEIVER, "slip.ESC_END[1]: slip.END,", 'slip.ESC_END[1]: b"\\xdc",'),
        (),
    ),
    Mutant(
        "the end of a frame opens the next",
        *(
            RECEIVER,
            "        self._inside = self._escaped = False\n        self.stored = 0\n        self.interrupts()",
        ),
        "        self._escaped = False\n        self.stored = 0\n        self.interrupts()",
        (),
    ),
    Mutant(
        "a bad escape drops both bytes",
        *(RECEIVER, "UNESCAPED.get(data[at], data[at : at + 1])", 'UNESCAPED.get(data[at], b"")'),
        (),
    ),
    Mutant(
        "a bad escape keeps the DB",
        *(
            RECEIVER,
            "UNESCAPED.get(data[at], data[at : at + 1])",
            "UNESCAPED.get(data[at], data[at - 1 : at + 1])",
        ),
        (),
    ),
    Mutant(
        "C0 behind DB ends the frame",
        *(RECEIVER, "if self._escaped:\n", "if self._escaped and data[at] != END:\n"),
        (),
    ),
    Mutant(
        "a frame that fills the buffer is refused",
        *(DOWNLOAD, "failed = yield from self._dispatch()"),
        "failed = (yield from self._dispatch()) if self._receiver.stored < 0x2000 else RomError.INVALID",
        (),
    ),
    Mutant(
        "long frames run over what is behind the buffer",
        *(RECEIVER, "room = plain[: max(0, self._size - self.stored)]"),
        "room = plain[: max(0, 0x2004 + self._size - self.stored)]",
        (),
    ),
    Mutant(
        "frames of one byte are none",
        *(RECEIVER, "if self._inside and self.stored:", "if self._inside and self.stored > 1:"),
        (),
    ),
    Mutant(
        "frames shorter than a header are dropped",
        *(DOWNLOAD, "failed = yield from self._dispatch()\n"),
        "if self._receiver.stored < 8:\n                continue\n            failed = yield from self._dispatch()\n",
        (),
    ),
    Mutant(
        "the table has an entry more",
        *(
            DOWNLOAD,
            "if target == memory.COMMAND_REFUSED:",
            "if target == memory.COMMAND_REFUSED and opcode not in (0xD0, 0xFF, 0x0C):",
        ),
        (),
    ),
    Mutant(
        "unknown opcodes are confirmed",
        *(DOWNLOAD, "return RomError.INVALID  # the reply keeps", "return 0  # the reply keeps"),
        (),
    ),
    Mutant(
        "answers to READ_REG have the direction of requests",
        *(DOWNLOAD, "frame = slip.encode(bytes(dram[REPLY : REPLY + REPLY_SIZE]))"),
        "frame = slip.encode(bytes([dram[REPLY_COMMAND] != 10]) + bytes(dram[REPLY + 1 : REPLY + REPLY_SIZE]))",
        (),
    ),
    Mutant(
        "answers say four bytes",
        *(DOWNLOAD, '"size", REPLY_STATUS.size)', '"size", 4)'),
        (),
    ),
    Mutant(
        "success is 1",
        *(
            DOWNLOAD,
            "yield from self._reply(1 if failed else 0)",
            "yield from self._reply(0 if failed else 1)",
        ),
        (),
    ),
    Mutant(
        "the direction is not looked at",
        *(DOWNLOAD, "if dram[DIRECTION] == 0 and opcode", "if opcode"),
        (),
    ),
    Mutant(
        "the checksum of every packet is looked at",
        *(DOWNLOAD, "opcode, target = dram[COMMAND], memory.COMMAND_REFUSED\n"),
        "opcode, target = dram[COMMAND], memory.COMMAND_REFUSED\n"
        '        if opcode in (8, 10) and self._header("checksum"):\n            return RomError.BAD_CHECKSUM\n',
        (),
    ),
    Mutant(
        "the size of READ_REG is looked at",
        *(DOWNLOAD, "        yield self._soc.cycles(memory.COST_READ_REG)\n"),
        '        yield self._soc.cycles(memory.COST_READ_REG)\n        if self._header("size") != 4:\n'
        "            return RomError.INVALID\n",
        (),
    ),
    Mutant(
        "the size of SYNC is looked at",
        *(DOWNLOAD, "        yield self._soc.cycles(memory.COST_SYNC)\n"),
        '        yield self._soc.cycles(memory.COST_SYNC)\n        if self._header("size") != 36:\n'
        "            return RomError.INVALID\n",
        (),
    ),
    Mutant(
        "the packet buffer is cleared before each frame",
        *(RECEIVER, "        self.stored = 0\n        self.interrupts()"),
        "        self.stored = 0\n        self._rom.write(self._to, bytes(64))\n        self.interrupts()",
        (),
    ),
    Mutant(
        "a refusal has the opcode that was refused",
        *(
            DOWNLOAD,
            "yield self._soc.cycles(memory.COST_OTHER)\n            return RomError.INVALID  # the reply",
        ),
        "dram[REPLY_COMMAND] = opcode\n            return RomError.INVALID  # the reply",
        (),
    ),
    Mutant(
        "refusals are sent once",
        *(
            DOWNLOAD,
            "SYNC_REPLIES if dram[REPLY_COMMAND] == Command.SYNC else 1",
            "SYNC_REPLIES if dram[REPLY_COMMAND] == Command.SYNC and not status else 1",
        ),
        (),
    ),
    Mutant(
        "SYNC is answered seven times",
        *(DOWNLOAD, "SYNC_REPLIES = 8", "SYNC_REPLIES = 7"),
        (),
    ),
    Mutant(
        "SYNC is answered nine times",
        *(DOWNLOAD, "SYNC_REPLIES = 8", "SYNC_REPLIES = 9"),
        (),
    ),
    Mutant(
        "SYNC has the value 0",
        *(DOWNLOAD, 'self._set_value(self._body(SYNC, "magic"))', "self._set_value(0)"),
        (),
    ),
    Mutant(
        "SYNC has the usual value, whatever was sent",
        *(DOWNLOAD, 'self._set_value(self._body(SYNC, "magic"))', "self._set_value(0x20120707)"),
        (),
    ),
    Mutant(
        "answers take 0.2 s",
        *(DOWNLOAD, "        dram = self._bus.dram\n        dram[REPLY_STATUS_BYTE]"),
        "        dram = self._bus.dram\n        yield self._soc.cycles(52 * 200_000)\n        dram[REPLY_STATUS_BYTE]",
        (),
    ),
    Mutant(
        "the value does not stick",
        *(DOWNLOAD, "        dram[REPLY_STATUS_BYTE], dram[REPLY_ERROR] = status, dram[ERROR]\n"),
        "        dram[REPLY_STATUS_BYTE], dram[REPLY_ERROR] = status, dram[ERROR]\n"
        "        if dram[REPLY_COMMAND] not in (8, 10):\n"
        '            REPLY_HEADER.write(dram, REPLY, "value", 0)\n',
        (),
    ),
    Mutant(
        "the error does not stick",
        *(DOWNLOAD, "            if failed:\n                self._bus.dram[ERROR] = failed\n"),
        "            self._bus.dram[ERROR] = failed\n",
        (),
    ),
    Mutant(
        "nothing but a reset clears the error",
        *(DOWNLOAD, '"value", value)\n        self._bus.dram[ERROR] = 0\n', '"value", value)\n'),
        (),
    ),
    Mutant(
        "WRITE_REG does not clear the error",
        *(
            DOWNLOAD,
            "        self._bus.dram[ERROR] = 0\n        yield self._soc.cycles(memory.COST_OTHER)\n        for index",
        ),
        "        yield self._soc.cycles(memory.COST_OTHER)\n        for index",
        (),
    ),
    Mutant(
        "the reply is built elsewhere",
        *(DOWNLOAD, "REPLY = memory.REPLY - DRAM", "REPLY = memory.REPLY - DRAM + 0x10"),
        (),
    ),
    Mutant(
        "the packet lies elsewhere",
        *(DOWNLOAD, 'self._rom.cpu.load32(self._body(READ_REG, "address"))'),
        'self._rom.cpu.load32(self._body(READ_REG, "address") ^ 0x80 * (self._body(READ_REG, "address") >> 13 == 0x1FFFD))',
        (),
    ),
    Mutant(
        "READ_REG reads the next word",
        *(
            DOWNLOAD,
            'self._rom.cpu.load32(self._body(READ_REG, "address"))',
            'self._rom.cpu.load32(self._body(READ_REG, "address") + 4)',
        ),
        (),
    ),
    Mutant(
        "READ_REG always reads the same word",
        *(
            DOWNLOAD,
            'self._rom.cpu.load32(self._body(READ_REG, "address"))',
            "self._rom.cpu.load32(0x40001000)",
        ),
        (),
    ),
    Mutant(
        "READ_REG reads 0 outside the ROM",
        *(DOWNLOAD, 'self._set_value(self._rom.cpu.load32(self._body(READ_REG, "address")))'),
        'self._set_value(self._rom.cpu.load32(self._body(READ_REG, "address")) * (self._body(READ_REG, "address") >> 20 == 0x400))',
        (),
    ),
    Mutant(
        "READ_REG refuses what is no ROM",
        *(DOWNLOAD, "        yield self._soc.cycles(memory.COST_READ_REG)\n"),
        "        yield self._soc.cycles(memory.COST_READ_REG)\n"
        '        if self._body(READ_REG, "address") >> 16 == 0x3FF0:\n            return RomError.INVALID\n',
        (),
    ),
    Mutant(
        "READ_REG aligns the address",
        *(
            DOWNLOAD,
            'self._rom.cpu.load32(self._body(READ_REG, "address"))',
            'self._rom.cpu.load32(self._body(READ_REG, "address") & ~3)',
        ),
        (),
    ),
    Mutant(
        "low addresses read as 0",
        *(
            DOWNLOAD,
            'self._rom.cpu.load32(self._body(READ_REG, "address"))',
            'self._rom.cpu.load32(max(0x20000000, self._body(READ_REG, "address")))',
        ),
        (),
    ),
    Mutant(
        "WRITE_REG ignores the mask",
        *(DOWNLOAD, "old & ~mask | value & mask)", "value)"),
        (),
    ),
    Mutant(
        "WRITE_REG never clears a bit",
        *(DOWNLOAD, "old & ~mask | value & mask)", "old | value & mask)"),
        (),
    ),
    Mutant(
        "WRITE_REG clears what the mask does not name",
        *(DOWNLOAD, "old & ~mask | value & mask)", "value & mask)"),
        (),
    ),
    Mutant(
        "WRITE_REG does nothing",
        *(DOWNLOAD, "self._rom.cpu.store32(address, old & ~mask | value & mask)", "pass"),
        (),
    ),
    Mutant(
        "WRITE_REG does one record",
        *(
            DOWNLOAD,
            'for index in range(self._header("size") // REGISTER_WRITE.size):',
            'for index in range(min(1, self._header("size") // REGISTER_WRITE.size)):',
        ),
        (),
    ),
    Mutant(
        "WRITE_REG does its records backwards",
        *(
            DOWNLOAD,
            'for index in range(self._header("size") // REGISTER_WRITE.size):',
            'for index in reversed(range(self._header("size") // REGISTER_WRITE.size)):',
        ),
        (),
    ),
    Mutant(
        "WRITE_REG rounds up the number of records",
        *(
            DOWNLOAD,
            'for index in range(self._header("size") // REGISTER_WRITE.size):',
            'for index in range(-(-self._header("size") // REGISTER_WRITE.size)):',
        ),
        (),
    ),
    Mutant(
        "WRITE_REG always does a record",
        *(
            DOWNLOAD,
            'for index in range(self._header("size") // REGISTER_WRITE.size):',
            'for index in range(max(1, self._header("size") // REGISTER_WRITE.size)):',
        ),
        (),
    ),
    Mutant(
        "WRITE_REG does not wait",
        *(DOWNLOAD, "            if delay & 0xFFFF:\n", "            if False:\n"),
        (),
    ),
    Mutant(
        "WRITE_REG waits for all 32 bits",
        *(
            DOWNLOAD,
            "delay_cycles(self._rom, delay & 0xFFFF)",
            "delay_cycles(self._rom, 0xFFFF & delay or delay)",
        ),
        (),
    ),
    Mutant(
        "WRITE_REG waits once",
        *(DOWNLOAD, "            if delay & 0xFFFF:\n", "            if delay & 0xFFFF and not index:\n"),
        (),
    ),
    Mutant(
        "WRITE_REG aligns the address",
        *(
            DOWNLOAD,
            "            self._receiver.interrupts()\n            old",
            "            self._receiver.interrupts()\n            address = address & ~3\n            old",
        ),
        (),
    ),
    Mutant(
        "low addresses may be written",
        *(
            DOWNLOAD,
            "            self._receiver.interrupts()\n            old",
            "            self._receiver.interrupts()\n            address = max(address, 0x3FFE8000)\n            old",
        ),
        (),
    ),
    Mutant(
        "the UART's divisor reads as 0",
        *(DOWNLOAD, 'self._set_value(self._rom.cpu.load32(self._body(READ_REG, "address")))'),
        'self._set_value(self._rom.cpu.load32(self._body(READ_REG, "address"))'
        ' * (self._body(READ_REG, "address") != 0x60000014))',
        (),
    ),
    Mutant(
        "a delay is counted in ten cycles",
        *(MEMORY, "set_word(bus, CYCLES_PER_US, 80)", "set_word(bus, CYCLES_PER_US, 10)"),
        (),
    ),
    Mutant("the flash is taken for 1 MiB", *(MEMORY, "0x400000", "0x100000"), ()),
    Mutant(
        "MEM_BEGIN does not set the sequence back",
        *(STATE, "address=address, sequence=0, received=0)", "address=address, received=0)"),
        (),
    ),
    Mutant(
        "MEM_BEGIN sets the sequence to 1",
        *(STATE, "address=address, sequence=0, received=0)", "address=address, sequence=1, received=0)"),
        (),
    ),
    Mutant(
        "MEM_BEGIN takes any size",
        *(
            DOWNLOAD,
            'self._header("size") != MEM_BEGIN.size or block_size > MAX_BLOCK',
            "block_size > MAX_BLOCK",
        ),
        (),
    ),
    Mutant(
        "MEM_BEGIN takes any block size",
        *(
            DOWNLOAD,
            'self._header("size") != MEM_BEGIN.size or block_size > MAX_BLOCK',
            'self._header("size") != MEM_BEGIN.size',
        ),
        (),
    ),
    Mutant("blocks may have 0x1000 bytes", *(DOWNLOAD, "MAX_BLOCK = 0x1800", "MAX_BLOCK = 0x1000"), ()),
    Mutant("blocks may have 0x1801 bytes", *(DOWNLOAD, "MAX_BLOCK = 0x1800", "MAX_BLOCK = 0x1801"), ()),
    Mutant(
        "MEM_BEGIN begins before it looks",
        *(DOWNLOAD, '        block_size = self._body(MEM_BEGIN, "block_size")\n'),
        '        block_size = self._body(MEM_BEGIN, "block_size")\n        self._state.begin(0, 0, 16, 0x40100400)\n',
        (),
    ),
    Mutant(
        "the checksum of a block is not looked at",
        *(
            DOWNLOAD,
            '        if checksum(data) != self._header("checksum") & 0xFF:\n            return RomError.BAD_CHECKSUM\n        return data',
            "        return data",
        ),
        (),
    ),
    Mutant(
        "the checksum begins with 0",
        *(
            DOWNLOAD,
            'if checksum(data) != self._header("checksum") & 0xFF:',
            'if checksum(data) ^ 0xEF != self._header("checksum") & 0xFF:',
        ),
        (),
    ),
    Mutant(
        "the checksum is a sum",
        *(
            DOWNLOAD,
            'if checksum(data) != self._header("checksum") & 0xFF:',
            'if (0xEF + sum(data)) & 0xFF != self._header("checksum") & 0xFF:',
        ),
        (),
    ),
    Mutant(
        "all bytes of the checksum are looked at",
        *(
            DOWNLOAD,
            'if checksum(data) != self._header("checksum") & 0xFF:',
            'if checksum(data) != self._header("checksum"):',
        ),
        (),
    ),
    Mutant(
        "a wrong checksum is error 5",
        *(
            DOWNLOAD,
            "            return RomError.BAD_CHECKSUM\n        return data",
            "            return RomError.INVALID\n        return data",
        ),
        (),
    ),
    Mutant(
        "a block with a wrong checksum does not count",
        *(
            DOWNLOAD,
            "            return RomError.BAD_CHECKSUM\n        return data",
            "            self._state.advance(sequence=-1)\n            return RomError.BAD_CHECKSUM\n        return data",
        ),
        (),
    ),
    Mutant(
        "a block with a wrong checksum is skipped",
        *(
            DOWNLOAD,
            "            return RomError.BAD_CHECKSUM\n        return data",
            "            self._state.advance(address=length)\n            return RomError.BAD_CHECKSUM\n        return data",
        ),
        (),
    ),
    Mutant(
        "a block with a wrong checksum is stored",
        *(
            DOWNLOAD,
            "            return RomError.BAD_CHECKSUM\n        return data",
            '            self._rom.write(self._state.read("address"), data)\n            return RomError.BAD_CHECKSUM\n        return data',
        ),
        (),
    ),
    Mutant(
        "the sequence is not looked at",
        *(DOWNLOAD, '            or self._body(DATA, "sequence") != self._state.read("sequence")\n', ""),
        (),
    ),
    Mutant(
        "a block out of order ends the write",
        *(
            DOWNLOAD,
            "        ):\n            return RomError.INVALID\n        self._state.advance(sequence=1)",
            "        ):\n            self._state.advance(sequence=9)\n            return RomError.INVALID\n        self._state.advance(sequence=1)",
        ),
        (),
    ),
    Mutant(
        "blocks may be longer than was said",
        *(DOWNLOAD, '            or length > self._state.read("block_size")\n', ""),
        (),
    ),
    Mutant(
        "blocks must be as long as was said",
        *(
            DOWNLOAD,
            'or length > self._state.read("block_size")',
            'or length != self._state.read("block_size")',
        ),
        (),
    ),
    Mutant(
        "more blocks than were said are refused",
        *(
            DOWNLOAD,
            "            or length % multiple\n",
            '            or length % multiple\n            or self._state.read("sequence") >= self._state.read("blocks")\n',
        ),
        (),
    ),
    Mutant(
        "the header's size of a block must fit",
        *(
            DOWNLOAD,
            'self._header("size") > MAX_BLOCK + DATA.size',
            'self._header("size") != length + DATA.size',
        ),
        (),
    ),
    Mutant(
        "the header's size of a block is not looked at",
        *(DOWNLOAD, 'self._header("size") > MAX_BLOCK + DATA.size', "False"),
        (),
    ),
    Mutant(
        "blocks are stored over each other",
        *(
            DOWNLOAD,
            "        self._state.advance(address=len(data), received=len(data))\n        return 0\n\n    def _mem_end",
        ),
        "        return 0\n\n    def _mem_end",
        (),
    ),
    Mutant(
        "the last word of a block is not stored",
        *(
            DOWNLOAD,
            'self._rom.write(self._state.read("address"), data)',
            'self._rom.write(self._state.read("address"), data[:-4])',
        ),
        (),
    ),
    Mutant(
        "odd lengths are refused in RAM too",
        *(DOWNLOAD, "self._block(multiple=1)", "self._block(multiple=4)"),
        (),
    ),
    Mutant(
        "instruction RAM takes bytes",
        *(
            DOWNLOAD,
            '        self._rom.write(self._state.read("address"), data)\n        self._state.advance',
        ),
        '        self._rom.write(self._state.read("address"), data[: len(data) & ~3])\n        self._state.advance',
        (),
    ),
    Mutant(
        "data need no MEM_BEGIN",
        *(STATE, "block_size=0, sequence=NO_SEQUENCE", "block_size=0x1800, sequence=0"),
        (),
    ),
    Mutant(
        "MEM_END takes 12 bytes",
        *(DOWNLOAD, 'if self._header("size") > MEM_END.size:', "if False:"),
        (),
    ),
    Mutant(
        "MEM_END takes nothing but 8 bytes",
        *(DOWNLOAD, 'if self._header("size") > MEM_END.size:', 'if self._header("size") != MEM_END.size:'),
        (),
    ),
    Mutant(
        "MEM_END never jumps",
        *(DOWNLOAD, 'if not self._body(MEM_END, "stay") & 0xFF:', "if False:"),
        (),
    ),
    Mutant(
        "MEM_END always jumps",
        *(DOWNLOAD, 'if not self._body(MEM_END, "stay") & 0xFF:', "if True:"),
        (),
    ),
    Mutant(
        "the whole flag of MEM_END counts",
        *(DOWNLOAD, 'if not self._body(MEM_END, "stay") & 0xFF:', 'if not self._body(MEM_END, "stay"):'),
        (),
    ),
    Mutant(
        "MEM_END that stays forgets the entry point",
        *(DOWNLOAD, '        memory.set_word(self._bus, memory.USER_START, self._body(MEM_END, "entry"))\n'),
        '        else:\n            return 0\n        memory.set_word(self._bus, memory.USER_START, self._body(MEM_END, "entry"))\n',
        (),
    ),
    Mutant(
        "SPI_SET_PARAMS takes any size",
        *(
            DOWNLOAD,
            '        if self._header("size") != SPI_SET_PARAMS.size:\n            return RomError.INVALID\n',
            "",
        ),
        (),
    ),
    Mutant(
        "SPI_SET_PARAMS does nothing",
        *(DOWNLOAD, "self._rom.cpu.store32(memory.flash_parameter(self._bus, index), value)", "pass"),
        (),
    ),
    Mutant(
        "FLASH_END without FLASH_BEGIN succeeds",
        *(
            STATE,
            "received=0, address=0, run=0, error=0",
            "received=0, address=0, run=0, error=0)\n        self.write(sequence=0",
        ),
        (),
    ),
    Mutant("the banner is another's", *(BOOT, "ets Jan  8 2013", "ets Jun  8 2016"), ()),
    Mutant("the boot mode is another", *(BOOT, "boot mode:({mode},", "boot mode:({mode + 2},"), ()),
    Mutant(
        "the first SYNC is answered",
        *(BOOT, "        serial.attach(self._rom)\n"),
        "        serial.attach(self._rom)\n"
        '        yield from self._print(b"\\xc0\\x01\\x08\\x02\\x00\\x07\\x07\\x12\\x20\\x00\\x00\\xc0" * 8)\n',
        (),
    ),
    Mutant(
        "a SYNC is needed before anything else",
        *(DOWNLOAD, "opcode, target = dram[COMMAND], memory.COMMAND_REFUSED\n"),
        "opcode, target = dram[COMMAND], memory.COMMAND_REFUSED\n"
        "        self._synced = opcode == 8 or getattr(self, '_synced', False)\n"
        "        if not self._synced:\n            return RomError.INVALID\n",
        (),
    ),
    Mutant("ten times as many edges are needed", *(SERIAL, "EDGES = 29", "EDGES = 290"), ()),
    Mutant("a few edges are enough", *(SERIAL, "EDGES = 29", "EDGES = 4"), ()),
)
