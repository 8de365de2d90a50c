# SPDX-License-Identifier: Apache-2.0
"""Writes what is for other programs from the code: `python -m specs.make_exports`.

The packets as Kaitai Struct (`exports/esp8266_serial.ksy`) and as a Wireshark dissector
(`exports/esp8266_serial.lua`), the conformance cases as JSON lines (`exports/conformance.jsonl`). A test
fails where an export and the code have drifted apart.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path

from esprom import conformance_cases
from specs import dissector, kaitai

FOLDER = Path(__file__).parent / "exports"


def cases() -> str:
    """Return the conformance cases, one JSON object a line."""
    return "".join(f"{json.dumps(case.facts(), ensure_ascii=False)}\n" for case in conformance_cases())


EXPORTS: dict[str, Callable[[], str]] = {
    "esp8266_serial.ksy": kaitai.text,
    "esp8266_serial.lua": dissector.text,
    "conformance.jsonl": cases,
}


def main() -> int:
    """Rewrite the exports; return how many have changed."""
    changed = 0
    for name, made in EXPORTS.items():
        file, text = FOLDER / name, made()
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
            changed += 1
            print(f"{name}: written", file=sys.stderr)
    return changed


if __name__ == "__main__":
    main()
