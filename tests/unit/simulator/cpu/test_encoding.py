# SPDX-License-Identifier: Apache-2.0
"""Every word is what `xtensa-lx106-elf-objdump` says that it is, and is spelt as it spells it.

Objdump prints `excw` for words that are no instruction; our table takes only the real EXCW for one.
"""

import itertools
import random
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from esp8266sim.cpu.decode import decode, disassemble, size_of
from esp8266sim.cpu.isa import TABLE, Instruction
from tests.lx106 import need

BASE = 0x40100000


def objdump(words: Iterable[int], folder: Path) -> Iterator[tuple[int, str]]:
    """Yield address and text of each word, laid one behind the other from `BASE`."""
    need("xtensa-lx106-elf-objdump")
    image = folder / "words.bin"
    image.write_bytes(b"".join(word.to_bytes(3, "little")[: size_of(word & 0xFF)] for word in words))
    command = [
        "xtensa-lx106-elf-objdump",
        "-D",
        "-z",
        "-b",
        "binary",
        "-m",
        "xtensa",
        f"--adjust-vma={BASE}",
        str(image),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    for line in done.stdout.splitlines():
        address, *rest = line.split("\t")
        if len(rest) > 1:
            yield int(address.strip(" :"), 16), " ".join(part.strip() for part in rest[1:])


def check(words: list[int], folder: Path) -> None:
    wrong = []
    count = 0
    for word, (address, text) in zip(words, objdump(words, folder), strict=True):
        found = decode(word, address)
        ours = disassemble(found) if found else "excw"
        if ours != text.split(" (")[0]:  # L32R comes with the word that is there, if that is in the file
            wrong.append((hex(word), text, ours))
        count += 1
    assert wrong[:5] == []
    assert count == len(words)


def encodings(row: Instruction, dice: random.Random) -> Iterator[int]:
    """Yield words of one row: every field at its bounds and in between, then at random."""
    fields = row.pattern.fields
    edges = [sorted({0, 1, mask >> 1, (mask >> 1) + 1, mask}) for _, _, mask in fields]
    chosen = itertools.islice(itertools.product(*edges), 700)
    drawn = (tuple(dice.randint(0, mask) for _, _, mask in fields) for _ in range(60))
    for values in itertools.chain(chosen, drawn):
        word = row.pattern.match
        for value, (_, shift, _) in zip(values, fields, strict=True):
            word |= value << shift
        yield word


def test_every_instruction_of_the_table_with_edges_and_random_operands(tmp_path: Path) -> None:
    dice = random.Random(4)
    words = [word for row in TABLE for word in encodings(row, dice)]
    for word in words:
        assert decode(word, BASE) is not None
    check(words, tmp_path)


def test_every_16_bit_word(tmp_path: Path) -> None:
    check([high << 4 | low for low in range(8, 14) for high in range(1 << 12)], tmp_path)


def test_random_24_bit_words_are_the_same_or_illegal_in_both(tmp_path: Path) -> None:
    dice = random.Random(5)
    check([dice.getrandbits(24) & ~0xF | op0 for op0 in range(8) for _ in range(6000)], tmp_path)


@pytest.mark.soak
def test_every_word_of_the_group_that_holds_nearly_all(tmp_path: Path) -> None:
    check([word << 4 for word in range(1 << 20)], tmp_path)


@pytest.mark.parametrize("low", [0xE, 0xF])
def test_what_other_cores_use_for_wide_instructions_is_illegal(low: int) -> None:
    assert all(decode(high << 4 | low, BASE) is None for high in range(0, 1 << 20, 997))


def test_no_two_rows_share_a_word() -> None:
    for one, other in itertools.combinations(TABLE, 2):
        if one.size == other.size:
            common = one.pattern.mask & other.pattern.mask
            assert (one.pattern.match ^ other.pattern.match) & common, (one.name, other.name)
