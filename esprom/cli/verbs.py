# SPDX-License-Identifier: Apache-2.0
"""The commands as data: name, one line of help, and the module that has the function.

A function is named like its command, with underscores. Nothing is imported before it is run:
`esprom --help` is made from this table alone.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verb:
    """A command of esprom. `module` is below `esprom.cli.commands`."""

    name: str
    module: str
    summary: str

    @property
    def function(self) -> str:
        """The name of the function in the module."""
        return self.name.replace("-", "_")


SECTIONS: dict[str, tuple[Verb, ...]] = {
    "Back up": (
        Verb("backup", "archive", "Read the whole flash into a file that is proved equal to it."),
        Verb("restore", "archive", "Write a backup to the flash, bit for bit, and verify it."),
        Verb("compare", "compare", "Say how the flash differs from a file, sector by sector."),
        Verb("inspect", "inspect", "Tell what is inside a flash."),
        Verb("doctor", "doctor", "Find out why a board does not work, and say what to do."),
        Verb("ports", "local", "List the serial ports of this computer."),
    ),
    "Chip": (
        Verb("chip-id", "identify", "Print the chip, its crystal, MAC and chip id."),
        Verb("read-mac", "identify", "Print the MAC address of the station interface."),
        Verb("selftest", "selftest", "Check a board, and write a report to send in."),
        Verb("run", "memory", "Leave the loader and start the firmware."),
        Verb("load-ram", "memory", "Load an image into RAM and start it."),
    ),
    "Flash": (
        Verb("flash-id", "identify", "Print the flash chip's maker, part and size."),
        Verb("read-flash", "read", "Read a stretch of flash into a file."),
        Verb("write-flash", "write", "Write files to the flash, and verify them."),
        Verb("verify-flash", "write", "Compare the flash with files."),
        Verb("erase-flash", "erase", "Erase the whole flash."),
        Verb("erase-region", "erase", "Erase whole sectors, and nothing beside them."),
        Verb("read-flash-status", "status", "Print the flash chip's status registers."),
        Verb("write-flash-status", "status", "Write the flash chip's status registers."),
        Verb("read-flash-sfdp", "status", "Print what the flash chip says of itself (SFDP)."),
    ),
    "Image files": (
        Verb("image-info", "image", "Tell what a firmware image is."),
        Verb("elf2image", "make", "Make a firmware image of an ELF file."),
        Verb("make-image", "make", "Make a firmware image of pieces of memory."),
        Verb("merge-bin", "make", "Make one file of several for the flash."),
        Verb("edit-header", "image", "Change the flash settings in an image's header."),
    ),
    "Memory": (
        Verb("read-mem", "memory", "Print a 32-bit word of the chip's memory."),
        Verb("write-mem", "memory", "Write a 32-bit word of the chip's memory, or some bits of it."),
        Verb("dump-mem", "memory", "Read a stretch of the chip's memory into a file."),
    ),
    "Wire": (Verb("wire", "wire", "Record what a tool and a chip say, read it, and play it back."),),
    "Virtual board": (
        Verb("sim", "sim", "Serve a virtual board to other programs, and act on one that is served."),
    ),
    "Prove": (
        Verb("conformance", "conformance", "Check a loader against the specification, or a host tool."),
    ),
    "About": (
        Verb("version", "local", "Print the version of esprom."),
        Verb("completion", "local", "Print what makes a shell complete esprom's words."),
    ),
}

OWN = ("backup", "restore", "compare", "inspect", "doctor", "ports", "selftest", "edit-header", "completion")
OWN_SECTIONS = ("Wire", "Virtual board", "Prove")
ESPTOOLS = frozenset(  # the commands that esptool has too: they print what scripts look for there
    verb.name
    for section, verbs in SECTIONS.items()
    for verb in verbs
    if section not in OWN_SECTIONS and verb.name not in OWN
)
CHANGING = frozenset(  # the commands that change a board: no port is chosen for them among several
    (
        *("restore", "write-flash", "erase-flash", "erase-region", "write-flash-status"),
        *("write-mem", "load-ram", "run"),
    )
)
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
