# SPDX-License-Identifier: Apache-2.0
"""Words that esptool takes in a form of its own are put into ours, before click sees them."""

import click

from esprom.cli.group import VerbCommand
from esprom.cli.values import NUMBER

YES, NO = ("yes", "y"), ("no", "n")


class FlashCommand(VerbCommand):
    """A command about files and the flash.

    `--diff-with A B` takes all that follows up to the next option, `--diff yes` is version 4's form of a
    flag, and `-p` in front of an address, of an option, or at the end is `--no-progress` and no port.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse."""
        return super().parse_args(ctx, rewritten(args))


def rewritten(words: list[str]) -> list[str]:
    """Return the words in our form. Raises UsageError for a `--diff` that is neither yes nor no."""
    found: list[str] = []
    eaten_by = ""
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word.startswith("-"):
            eaten_by = ""
        following = rest[0] if rest else None
        name = word.replace("_", "-")
        if name == "--diff-with" and following is not None and not following.startswith("-"):
            eaten_by = name
        elif eaten_by:
            found += [eaten_by, word]
        elif name in ("--diff", "-d") and following in (*YES, *NO):
            found += ["--diff"] if rest.pop(0) in YES else []
        elif name.startswith("--diff="):
            found += ["--diff"] if _yes(name.partition("=")[2]) else []
        elif word == "-p" and (following is None or following.startswith("-") or NUMBER.fullmatch(following)):
            found.append("--no-progress")
        else:
            found.append(word)
    return found


def _yes(word: str) -> bool:
    if word not in (*YES, *NO):
        raise click.UsageError(f"--diff is yes or no, not {word or 'nothing'}")
    return word in YES
