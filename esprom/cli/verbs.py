# SPDX-License-Identifier: Apache-2.0
"""The commands as data: name, one line of help, and the module that has the function.

A function is named like its command, with underscores. Nothing is imported before it is run:
`esprom --help` is made from this table alone.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verb:
    """A command of esprom."""

    name: str
    module: str  # below `esprom.cli.commands`
    summary: str
    own: bool = False  # esptool has none of that name, so no script looks for its lines
    changing: bool = False  # it changes a board, so no port is chosen for it among several

    @property
    def function(self) -> str:
        """The name of the function in the module."""
        return self.name.replace("-", "_")


SECTIONS: dict[str, tuple[Verb, ...]] = {
    "Back up": (
        Verb("backup", "archive", "Read the whole flash into a file that is proved equal to it.", own=True),
        Verb(
            "restore",
            "archive",
            "Write a backup to the flash, bit for bit, and verify it.",
            own=True,
            changing=True,
        ),
        Verb("compare", "compare", "Say how the flash differs from a file, sector by sector.", own=True),
        Verb("inspect", "inspect", "Tell what is inside a flash.", own=True),
        Verb("doctor", "doctor", "Find out why a board does not work, and say what to do.", own=True),
        Verb("ports", "ports", "List the serial ports of this computer.", own=True),
    ),
    "Chip": (
        Verb("chip-id", "identify", "Print the chip, its crystal, MAC and chip id."),
        Verb("read-mac", "identify", "Print the MAC address of the station interface."),
        Verb("selftest", "selftest", "Check a board, and write a report to send in.", own=True),
        Verb("run", "memory", "Leave the loader and start the firmware.", changing=True),
        Verb("load-ram", "memory", "Load an image into RAM and start it.", changing=True),
    ),
    "Flash": (
        Verb("flash-id", "identify", "Print the flash chip's maker, part and size."),
        Verb("read-flash", "read", "Read a stretch of flash into a file."),
        Verb("write-flash", "write", "Write files to the flash, and verify them.", changing=True),
        Verb("verify-flash", "write", "Compare the flash with files."),
        Verb("erase-flash", "erase", "Erase the whole flash.", changing=True),
        Verb("erase-region", "erase", "Erase whole sectors, and nothing beside them.", changing=True),
        Verb("read-flash-status", "status", "Print the flash chip's status registers."),
        Verb("write-flash-status", "status", "Write the flash chip's status registers.", changing=True),
        Verb("read-flash-sfdp", "status", "Print what the flash chip says of itself (SFDP)."),
    ),
    "Image files": (
        Verb("image-info", "image", "Tell what a firmware image is."),
        Verb("elf2image", "make", "Make a firmware image of an ELF file."),
        Verb("make-image", "make", "Make a firmware image of pieces of memory."),
        Verb("merge-bin", "make", "Make one file of several for the flash."),
        Verb("edit-header", "image", "Change the flash settings in an image's header.", own=True),
    ),
    "Memory": (
        Verb("read-mem", "memory", "Print a 32-bit word of the chip's memory."),
        Verb(
            "write-mem",
            "memory",
            "Write a 32-bit word of the chip's memory, or some bits of it.",
            changing=True,
        ),
        Verb("dump-mem", "memory", "Read a stretch of the chip's memory into a file."),
    ),
    "Wire": (
        Verb("wire", "wire", "Record what a tool and a chip say, read it, and play it back.", own=True),
    ),
    "Virtual board": (
        Verb(
            "sim", "sim", "Serve a virtual board to other programs, and act on one that is served.", own=True
        ),
    ),
    "Prove": (
        Verb(
            "conformance",
            "conformance",
            "Check a loader against the specification, or a host tool.",
            own=True,
        ),
    ),
    "About": (
        Verb("version", "about", "Print the version of esprom."),
        Verb("completion", "about", "Print what makes a shell complete esprom's words.", own=True),
    ),
}

_OTHER_CHIPS = "is for other chips: the ESP8266 has nothing of the kind"
FOREIGN = {  # commands of esptool that mean nothing here, and why
    "get-security-info": f"{_OTHER_CHIPS}, no secure boot and no flash encryption",
    "read-sdc-chip-info": _OTHER_CHIPS,
    "verify-sdc-certificate": _OTHER_CHIPS,
    "read-nand-spare": "is for NAND flash, and an ESP8266 has NOR flash",
    "write-nand-spare": "is for NAND flash, and an ESP8266 has NOR flash",
    "dump-bbm": "is for NAND flash, and an ESP8266 has NOR flash",
}

VERBS: dict[str, Verb] = {verb.name: verb for verbs in SECTIONS.values() for verb in verbs}
ESPTOOLS = frozenset(verb.name for verb in VERBS.values() if not verb.own)
CHANGING = frozenset(verb.name for verb in VERBS.values() if verb.changing)
