# SPDX-License-Identifier: Apache-2.0
"""How shells ask for completions, where click's own is not enough: `--then`, and colons in bash."""

from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
    add_completion_class,
)

from esprom.cli.chain import THEN

BREAKS = ":="  # where bash ends a word, by its COMP_WORDBREAKS, unlike click and we


class LastCommand(ShellComplete):
    """Completes the last of the commands that `--then` joins."""

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words before the one that is completed, and that one."""
        words, incomplete = super().get_completion_args()
        words, incomplete = [*map(_hyphenated, words)], _hyphenated(incomplete)
        if THEN in words:
            words = words[len(words) - words[::-1].index(THEN) :]
        return words, incomplete


class Zsh(LastCommand, ZshComplete):
    """zsh."""


class Fish(LastCommand, FishComplete):
    """fish."""

    def format_completion(self, item: CompletionItem) -> str:
        """Return what fish is told of one; click's script ends what it tells at a comma."""
        item.help = item.help and item.help.replace(",", ";")
        return super().format_completion(item)


class WholeWords(BashComplete):
    """Puts together what bash takes apart: of `sim://esp01` it makes three words, and replaces the last."""

    replaced_from = 0  # characters of the value that stand before what bash replaces

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words before the one that is completed, and that one."""
        before, last = super().get_completion_args()
        words: list[str] = []
        for word in [*before, last]:
            goes_on = bool(words) and (_is_break(word) or words[-1][-1:] in tuple(BREAKS))
            words[-1:] = [words[-1] + word] if goes_on else [*words[-1:], word]
        option, _, value = words[-1].partition("=")
        typed = value if option.startswith("-") else words[-1]  # what click completes
        self.replaced_from = max(0, len(typed) - (0 if _is_break(last) else len(last)))
        return words[:-1], words[-1]

    def format_completion(self, item: CompletionItem) -> str:
        """Return what bash is told of one."""
        if item.type == "plain":
            item.value = item.value[self.replaced_from :]
        return super().format_completion(item)


class Bash(LastCommand, WholeWords):
    """bash."""


SHELLS: dict[str, type[ShellComplete]] = {"bash": Bash, "zsh": Zsh, "fish": Fish}


def register() -> None:
    """Let click use these."""
    for name, shell in SHELLS.items():
        add_completion_class(shell, name)


def _hyphenated(word: str) -> str:
    """Return the word with the name of an option as click knows it."""
    name, equals, value = word.partition("=")
    return name.replace("_", "-") + equals + value if name.startswith("--") else word


def _is_break(word: str) -> bool:
    return bool(word) and not word.strip(BREAKS)
