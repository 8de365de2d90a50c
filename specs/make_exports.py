# SPDX-License-Identifier: Apache-2.0
"""Writes the packet definitions for other programs from the code: `python -m specs.make_exports`.

Kaitai Struct (`exports/esp8266_serial.ksy`) and a Wireshark dissector (`exports/esp8266_serial.lua`). A test
fails where an export and the code have drifted apart.
"""

import sys
from collections.abc import Callable
from pathlib import Path

from specs import dissector, kaitai

FOLDER = Path(__file__).parent / "exports"
EXPORTS: dict[str, Callable[[], str]] = {
    "esp8266_serial.ksy": kaitai.text,
    "esp8266_serial.lua": dissector.text,
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
