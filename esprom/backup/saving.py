# SPDX-License-Identifier: Apache-2.0
"""From what was read and proved to the two files of a backup, both or neither (BACKUP-1)."""

from esprom.backup.manifest import ChipRecord, Digests, FlashRecord, Manifest, Proof, now
from esprom.backup.naming import BackupFiles
from esprom.chip import ChipInfo
from esprom.connected import ConnectedBoard
from esprom.files import save_together
from esprom.image.header import flash_header
from esprom.operations import FlashInfo
from esprom.proving import ProvedRead


def save_backup(board: ConnectedBoard, files: BackupFiles, read: ProvedRead, *, overwrite: bool) -> Manifest:
    """Write image and manifest; return the manifest. Raises Refused or EspromError; then nothing is there."""
    manifest = _manifest(board, board.flash(), read)
    save_together([(files.image, read.data), (files.manifest, manifest.to_json())], overwrite=overwrite)
    return manifest


def _manifest(board: ConnectedBoard, flash: FlashInfo, read: ProvedRead) -> Manifest:
    return Manifest(
        chip=_chip_record(board.chip),
        flash=FlashRecord(
            jedec_id=flash.jedec_id,
            size=flash.size,
            size_source=flash.size_source,
            unique_id=flash.unique_id.hex() if flash.unique_id is not None else None,
        ),
        header=flash_header(read.data),
        digests=Digests.of(read.data),
        proof=Proof(read.method, read.proof, read.reread_sectors),
        baud=board.baud,
        loader=board.loader,
        time=now(),
    )


def _chip_record(chip: ChipInfo) -> ChipRecord:
    return ChipRecord(chip.name, chip.mac.lower(), chip.chip_id)
