# SPDX-License-Identifier: Apache-2.0
"""Builds the stub loader's image: `python -m esprom.stub.build [--check]`.

Needs Debian's gcc-xtensa-lx106 and `pyelftools`. `--check` writes nothing and fails where the committed
image is another. Prints how much of everything it takes; the stack is the deepest chain of calls, an
interrupt in it, as the compiler counts frames.
"""

import json
import re
import subprocess
import sys
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from elftools.elf.elffile import ELFFile

from esprom.stub import IMAGE

HERE = Path(__file__).parent
SOURCES = HERE / "src"
COMPILER = "xtensa-lx106-elf-gcc"
FLAGS = (
    *("-Os", "-mlongcalls", "-mtext-section-literals", "-ffreestanding", "-fno-builtin", "-nostdlib"),
    *("-fno-jump-tables", "-fno-tree-switch-conversion"),  # whose tables would be data, which is not uploaded
    *("-ffunction-sections", "-fdata-sections", "-Wl,--gc-sections", "-Wl,--build-id=none"),
    *("-fcallgraph-info=su", "-Wall", "-Wextra", "-Werror"),
)
NODE = re.compile(r'node: \{ title: "([^"]+)" label: "[^"]*?(\d+) bytes')
EDGE = re.compile(r'edge: \{ sourcename: "([^"]+)" targetname: "([^"]+)"')
INTERRUPT = 0x100 + 64  # bytes: the frame that the ROM's vector saves, and its dispatcher


def build(folder: Path, sources: Path = SOURCES) -> dict[str, Any]:
    """Compile `sources` in `folder`; return what `image.json` is to hold."""
    elf = folder / "stub.elf"
    files = [sources / "start.S", *sorted(sources.glob("*.c"))]  # the entry comes first
    words = [COMPILER, *FLAGS, "-T", sources / "stub.ld", "-o", elf, *files]
    subprocess.run([str(word) for word in words], cwd=folder, check=True)
    with elf.open("rb") as file:
        found = ELFFile(file)
        text, bss = (found.get_section_by_name(name) for name in (".text", ".bss"))
        assert text is not None and bss is not None
        code = text.data()
        return {
            "address": text["sh_addr"],
            "entry": found["e_entry"],
            "memory": [bss["sh_addr"], bss["sh_addr"] + bss["sh_size"]],
            "size": len(code),
            "sha256": sha256(code).hexdigest(),
            "code": b64encode(code).decode("ascii"),
        }


def deepest(folder: Path) -> int:
    """Return the bytes of stack of the deepest chain of calls."""
    text = "".join(path.read_text("utf-8") for path in folder.glob("*.ci"))
    frames = {_name(title): int(size) for title, size in NODE.findall(text)}
    calls: dict[str, set[str]] = {}
    for source, target in EDGE.findall(text):
        calls.setdefault(_name(source), set()).add(_name(target))

    def depth(name: str) -> int:
        return frames.get(name, 0) + max(map(depth, calls.get(name, ())), default=0)

    return depth("stub_main") + INTERRUPT + depth("handler")


def _name(title: str) -> str:
    return title.rpartition(":")[2]


def main(arguments: list[str]) -> int:
    """Build, or compare; return the exit code."""
    path = HERE / IMAGE
    with TemporaryDirectory() as name:
        made = build(Path(name))
        stack = deepest(Path(name))
    first, end = made["memory"]
    print(f"code    {made['size']:6} bytes from 0x{made['address']:08x}, sha256 {made['sha256']}")
    print(f"memory  {end - first:6} bytes, 0x{first:08x} to 0x{end:08x}")
    print(f"stack   {stack:6} bytes at most, below the ROM's 0x3fffff50")
    text = json.dumps(made, indent=1) + "\n"
    if arguments == ["--check"]:
        same = path.exists() and path.read_text("ascii") == text
        print(f"{IMAGE} is {'what the sources give' if same else 'not what the sources give: build it anew'}")
        return 0 if same else 1
    path.write_text(text, "ascii")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
