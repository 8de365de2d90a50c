# SPDX-License-Identifier: Apache-2.0
"""esprom: back up, restore and inspect the firmware of an ESP8266 over its serial port.

    with esprom.connect("/dev/ttyUSB0") as device:
        print(device.chip.mac, device.flash().size)
        device.backup("kitchen-lamp.bin")

What `__all__` names is public, and so are `esprom.errors` and `esprom.protocol`; all else may change.
Names are loaded when they are first used, so that `import esprom` costs next to nothing.
"""

import importlib
from typing import TYPE_CHECKING

from esprom._version import __version__

if TYPE_CHECKING:
    from esprom.backup import (
        BackupAtHand,
        BackupResult,
        Manifest,
        Obstacle,
        RestorePlan,
        RestoreResult,
        backups_at_hand,
        check_backup,
        check_restore,
        files_to_read,
        load_backup,
        planned_files,
    )
    from esprom.conformance.device import conformance_cases, device_conformance
    from esprom.conformance.host import (
        HostClient,
        HostReport,
        host_client,
        host_clients,
        host_conformance,
        host_scenarios,
    )
    from esprom.conformance.report import DeviceReport
    from esprom.device import (
        AskCallback,
        CancelCallback,
        ChipInfo,
        Device,
        Estimate,
        FlashInfo,
        Progress,
        ProgressCallback,
        ProvedRead,
        Resets,
        WrittenPart,
        connect,
    )
    from esprom.doctor import Diagnosis, Finding, Trouble, diagnose
    from esprom.doctor.page import doctor_page
    from esprom.doctor.wiring import wiring_drawing
    from esprom.files import check_apart, check_targets, is_stdout, load, save, save_made
    from esprom.flash.geometry import SECTOR
    from esprom.flash.header_words import (
        HEADER_FREQUENCIES,
        HEADER_MODES,
        HEADER_SIZES,
        RTOS_SIZES,
        size_in_bytes,
    )
    from esprom.flash.regions import Region
    from esprom.flash.sfdp_words import SfdpSummary, sfdp_summary
    from esprom.image import (
        MAGICS,
        FirmwareImage,
        FlashHeader,
        ImageDetails,
        ImageFile,
        Program,
        Segment,
        SegmentDetails,
        Trailer,
        build_hex,
        edit_header,
        edit_image,
        file_pieces,
        flash_header,
        image_details,
        is_hex,
        is_uf2,
        make_image,
        merge_hex,
        merge_raw,
        merge_uf2,
        parse_elf,
        parse_hex,
        parse_image,
        parse_uf2,
        program_images,
        trailer,
    )
    from esprom.image.difference import Change, Difference, differences
    from esprom.inspection import Area, Found, ImageFound, Inspection, Kind, Secret, inspect, redact
    from esprom.inspection.page import inspection_page
    from esprom.port.hindrances import Hindrance
    from esprom.port.listing import DriverlessAdapter, PortInfo, driverless_adapters, ports
    from esprom.port.opening import virtual_boards
    from esprom.selfcheck import SelftestCheck, SelftestReport, selftest
    from esprom.sizes import size_name
    from esprom.wire.decode import WireMessage, wire_messages
    from esprom.wire.events import WireLog, WireStream
    from esprom.wire.folding import WireFold, wire_folded
    from esprom.wire.loading import wire_log
    from esprom.wire.page import wire_page
    from esprom.wire.recording import WireCapture
    from esprom.wire.running import WireProxy, WireReplay
    from esprom.wire.serving import WireDoors
    from esprom.wire.trace import WireTrace

_HOME = {
    "esprom.backup": (
        "BackupAtHand",
        "BackupResult",
        "Manifest",
        "Obstacle",
        "RestorePlan",
        "RestoreResult",
        "backups_at_hand",
        "check_backup",
        "check_restore",
        "files_to_read",
        "load_backup",
        "planned_files",
    ),
    "esprom.conformance.device": ("conformance_cases", "device_conformance"),
    "esprom.conformance.report": ("DeviceReport",),
    "esprom.conformance.host": (
        "HostClient",
        "HostReport",
        "host_client",
        "host_clients",
        "host_conformance",
        "host_scenarios",
    ),
    "esprom.device": (
        "AskCallback",
        "CancelCallback",
        "ChipInfo",
        "Device",
        "Estimate",
        "FlashInfo",
        "Progress",
        "ProgressCallback",
        "ProvedRead",
        "Resets",
        "WrittenPart",
        "connect",
    ),
    "esprom.doctor": ("Diagnosis", "Finding", "Trouble", "diagnose"),
    "esprom.doctor.page": ("doctor_page",),
    "esprom.doctor.wiring": ("wiring_drawing",),
    "esprom.files": ("check_apart", "check_targets", "is_stdout", "load", "save", "save_made"),
    "esprom.image.difference": ("Change", "Difference", "differences"),
    "esprom.flash.geometry": ("SECTOR",),
    "esprom.flash.header_words": (
        "HEADER_FREQUENCIES",
        "HEADER_MODES",
        "HEADER_SIZES",
        "RTOS_SIZES",
        "size_in_bytes",
    ),
    "esprom.flash.regions": ("Region",),
    "esprom.flash.sfdp_words": ("SfdpSummary", "sfdp_summary"),
    "esprom.image": (
        "MAGICS",
        "FirmwareImage",
        "FlashHeader",
        "ImageDetails",
        "ImageFile",
        "Program",
        "Segment",
        "SegmentDetails",
        "Trailer",
        "build_hex",
        "edit_header",
        "edit_image",
        "file_pieces",
        "flash_header",
        "image_details",
        "is_hex",
        "is_uf2",
        "make_image",
        "merge_hex",
        "merge_raw",
        "merge_uf2",
        "parse_elf",
        "parse_hex",
        "parse_image",
        "parse_uf2",
        "program_images",
        "trailer",
    ),
    "esprom.inspection": (
        "Area",
        "Found",
        "ImageFound",
        "Inspection",
        "Kind",
        "Secret",
        "inspect",
        "redact",
    ),
    "esprom.inspection.page": ("inspection_page",),
    "esprom.port.hindrances": ("Hindrance",),
    "esprom.port.listing": ("DriverlessAdapter", "PortInfo", "driverless_adapters", "ports"),
    "esprom.port.opening": ("virtual_boards",),
    "esprom.selfcheck": ("SelftestCheck", "SelftestReport", "selftest"),
    "esprom.sizes": ("size_name",),
    "esprom.wire.decode": ("WireMessage", "wire_messages"),
    "esprom.wire.events": ("WireLog", "WireStream"),
    "esprom.wire.folding": ("WireFold", "wire_folded"),
    "esprom.wire.loading": ("wire_log",),
    "esprom.wire.page": ("wire_page",),
    "esprom.wire.recording": ("WireCapture",),
    "esprom.wire.running": ("WireProxy", "WireReplay"),
    "esprom.wire.serving": ("WireDoors",),
    "esprom.wire.trace": ("WireTrace",),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}

__all__ = [
    "HEADER_FREQUENCIES",
    "HEADER_MODES",
    "HEADER_SIZES",
    "MAGICS",
    "RTOS_SIZES",
    "SECTOR",
    "Area",
    "AskCallback",
    "BackupAtHand",
    "BackupResult",
    "CancelCallback",
    "Change",
    "ChipInfo",
    "Device",
    "DeviceReport",
    "Diagnosis",
    "Difference",
    "DriverlessAdapter",
    "Estimate",
    "Finding",
    "FirmwareImage",
    "FlashHeader",
    "FlashInfo",
    "Found",
    "Hindrance",
    "HostClient",
    "HostReport",
    "ImageDetails",
    "ImageFile",
    "ImageFound",
    "Inspection",
    "Kind",
    "Manifest",
    "Obstacle",
    "PortInfo",
    "Program",
    "Progress",
    "ProgressCallback",
    "ProvedRead",
    "Region",
    "Resets",
    "RestorePlan",
    "RestoreResult",
    "Secret",
    "Segment",
    "SegmentDetails",
    "SelftestCheck",
    "SelftestReport",
    "SfdpSummary",
    "Trailer",
    "Trouble",
    "WireCapture",
    "WireDoors",
    "WireFold",
    "WireLog",
    "WireMessage",
    "WireProxy",
    "WireReplay",
    "WireStream",
    "WireTrace",
    "WrittenPart",
    "__version__",
    "backups_at_hand",
    "build_hex",
    "check_apart",
    "check_backup",
    "check_restore",
    "check_targets",
    "conformance_cases",
    "connect",
    "device_conformance",
    "diagnose",
    "differences",
    "doctor_page",
    "driverless_adapters",
    "edit_header",
    "edit_image",
    "file_pieces",
    "files_to_read",
    "flash_header",
    "host_client",
    "host_clients",
    "host_conformance",
    "host_scenarios",
    "image_details",
    "inspect",
    "inspection_page",
    "is_hex",
    "is_stdout",
    "is_uf2",
    "load",
    "load_backup",
    "make_image",
    "merge_hex",
    "merge_raw",
    "merge_uf2",
    "parse_elf",
    "parse_hex",
    "parse_image",
    "parse_uf2",
    "planned_files",
    "ports",
    "program_images",
    "redact",
    "save",
    "save_made",
    "selftest",
    "sfdp_summary",
    "size_in_bytes",
    "size_name",
    "trailer",
    "virtual_boards",
    "wire_folded",
    "wire_log",
    "wire_messages",
    "wire_page",
    "wiring_drawing",
]


def __getattr__(name: str) -> object:
    """Load a public name from the module where it lives (PEP 562)."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'esprom' has no attribute {name!r}")
    value: object = getattr(importlib.import_module(_MODULE_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted(__all__)
