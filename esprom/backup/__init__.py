# SPDX-License-Identifier: Apache-2.0
"""Backups: an image that has been proved, the manifest that says so, and the way back into a board."""

from esprom.backup.at_hand import BackupAtHand, backups_at_hand
from esprom.backup.backup import BackupResult, backup, check_backup, planned_files
from esprom.backup.manifest import Manifest
from esprom.backup.matching import load_backup
from esprom.backup.naming import files_to_read
from esprom.backup.restore import Obstacle, RestorePlan, RestoreResult, check_restore, plan_restore, restore

__all__ = [
    "BackupAtHand",
    "BackupResult",
    "Manifest",
    "Obstacle",
    "RestorePlan",
    "RestoreResult",
    "backup",
    "backups_at_hand",
    "check_backup",
    "check_restore",
    "files_to_read",
    "load_backup",
    "plan_restore",
    "planned_files",
    "restore",
]
