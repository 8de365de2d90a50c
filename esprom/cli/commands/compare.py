# SPDX-License-Identifier: Apache-2.0
"""compare: which sectors are not as a file has them, and what became of them."""

from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import click

import esprom
from esprom.cli.group import command
from esprom.cli.output import Facts
from esprom.cli.session import Session
from esprom.cli.values import amount, count
from esprom.errors import Refused


@command("compare")
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("other", type=click.Path(path_type=Path), required=False)
def compare(session: Session, file: Path, other: Path | None) -> Facts:
    """Say how the flash differs from a file, sector by sector.

    With OTHER that file is compared, and no board is needed. FILE is a backup or any dump that begins at
    address 0. Each sector that differs is told of with what seems to have become of it: erased, programmed
    over, not erased first, stuck bits, shifted, the image header only, or other content.
    """
    wanted = esprom.load_backup(file)
    if other is None:
        found, whole = _of_board(session, wanted)
    else:
        found, whole = _of_file(wanted, esprom.load(esprom.files_to_read(other).image))
    differences = list(esprom.differences(wanted, found))
    for line in _lines(differences, whole):
        session.output.result(line)
    session.output.result(_summary(differences, whole))
    return {
        "file": str(file),
        "compared": whole,
        "equal": not differences and whole == len(wanted),
        "differences": [
            {
                "address": difference.address,
                "change": difference.change.value,
                "count": difference.count,
                "detail": difference.detail,
            }
            for difference in differences
        ],
    }


def _of_board(session: Session, wanted: bytes) -> tuple[dict[int, bytes], int]:
    with session.device() as device:
        size = device.flash().size
        if len(wanted) > size:
            raise Refused(f"the file has {len(wanted)} bytes and the flash {size}: it is none of this flash")
        if len(wanted) < size:
            session.output.note(
                f"the file ends at {len(wanted):#x}; the last {amount(size - len(wanted))} do not count"
            )
        with session.job() as job:
            return device.differing_sectors(0, wanted, progress=job.progress, cancel=job.cancel), len(wanted)


def _of_file(wanted: bytes, other: bytes) -> tuple[dict[int, bytes], int]:
    if len(wanted) != len(other):
        raise Refused(f"the files have {len(wanted)} and {len(other)} bytes: they are not of the same flash")
    size = len(wanted)
    sectors = {at: other[at : at + esprom.SECTOR] for at in range(0, size, esprom.SECTOR)}
    return {at: data for at, data in sectors.items() if data != wanted[at : at + len(data)]}, size


def _lines(differences: Sequence["esprom.Difference"], size: int) -> list[str]:
    """Return a line for sectors in a row of which the same became."""
    lines = []
    numbered = enumerate(differences)
    for _, group in groupby(
        numbered, lambda item: (item[1].address - item[0] * esprom.SECTOR, item[1].change, item[1].detail)
    ):
        run = [difference for _, difference in group]
        first, last = run[0], run[-1]
        end = min(last.address + esprom.SECTOR, size)  # a dump may end in a sector
        where = f"{first.address:#08x} to {end - 1:#08x}"
        detail = f" ({first.detail})" if first.detail else ""
        bytes_ = sum(difference.count for difference in run)
        lines.append(f"{where}: {first.change.value}{detail}, {count(bytes_, 'byte')}")
    return lines


def _summary(differences: Sequence["esprom.Difference"], size: int) -> str:
    if not differences:
        return f"Equal: all {amount(size)}"
    kinds = Counter(difference.change.value for difference in differences)
    told = ", ".join(f"{number} {kind}" for kind, number in kinds.most_common())
    return f"{count(len(differences), 'sector')} of {-(-size // esprom.SECTOR)} differ: {told}"
