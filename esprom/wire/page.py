# SPDX-License-Identifier: Apache-2.0
"""A decoded recording as one HTML page that needs nothing else: a sequence that can be filtered."""

from collections.abc import Iterable, Iterator
from html import escape

from esprom.wire.decode import WireMessage, wire_messages
from esprom.wire.events import WireLog
from esprom.wire.folding import WireFold, wire_folded

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 76em; padding: 0 1em; color: #222; }
h1 { font-size: 1.5em; }
h2 { font-size: 1.15em; margin-top: 2em; }
.warning { border-left: 5px solid #D55E00; background: #fdf1ea; padding: .6em 1em; }
form { position: sticky; top: 0; background: #fff; padding: .6em 0; border-bottom: 2px solid #999; }
form label { margin-right: 1.2em; }
input[type=search] { font: inherit; padding: .2em .5em; width: 22em; max-width: 90%; }
table { border-collapse: collapse; width: 100%; }
td { padding: .15em .9em .15em 0; vertical-align: top; border-bottom: 1px solid #eee; }
td { overflow-wrap: anywhere; }
td.at { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; color: #666; }
td.way { font-weight: bold; text-align: center; }
td.name { white-space: nowrap; font-family: ui-monospace, monospace; font-size: .9em; padding-top: .25em; }
.out .way, .out .name { color: #0072B2; }
.in .way, .in .name { color: #00734f; }
.line { color: #777; background: #fafafa; }
.fold td { background: #eef4fa; }
.inner td { padding-left: .8em; background: #f7fafd; }
.problem td { background: #fdeee6; }
.problem .name, b { color: #b23c00; }
button { font: inherit; font-size: .85em; cursor: pointer; }
[hidden] { display: none; }
"""
SCRIPT = """
const words = document.querySelector('#words'), troubles = document.querySelector('#troubles');
const lines = document.querySelector('#lines'), count = document.querySelector('#count');
function show() {
  const wanted = words.value.toLowerCase().split(/\\s+/).filter(Boolean);
  let shown = 0, open = false;
  for (const row of document.querySelectorAll('tr')) {
    const kinds = row.classList, text = row.textContent.toLowerCase();
    let fits = wanted.every(word => text.includes(word));
    if (troubles.checked) fits = fits && kinds.contains('problem');
    if (!lines.checked) fits = fits && !kinds.contains('line');
    if (kinds.contains('fold')) open = kinds.contains('open');
    if (kinds.contains('inner') && !wanted.length) fits = fits && open;
    row.hidden = !fits;
    shown += fits;
  }
  count.textContent = shown + ' lines';
}
for (const input of [words, troubles, lines]) input.addEventListener('input', show);
document.addEventListener('click', event => {
  if (event.target.tagName !== 'BUTTON') return;
  const open = event.target.closest('tr').classList.toggle('open');
  event.target.textContent = open ? 'fold' : 'unfold';
  show();
});
document.querySelector('form').addEventListener('submit', event => event.preventDefault());
show();
"""
PRIVATE = (
    '<p class="warning">Content is in this recording: what registers, flash and digests were. Who gets the'
    " file gets it too.</p>"
)


def wire_page(log: WireLog, title: str, messages: Iterable[Iterable[WireMessage]] | None = None) -> str:
    """Return the page. `messages`: of each stream, where they have been decoded already."""
    decoded = map(wire_messages, log.streams) if messages is None else messages
    parts = [
        f"<h1>{escape(title)}</h1>",
        PRIVATE if log.payload else "<p>Content was left out when this was recorded.</p>",
        "<p>The recording ends in the middle of a record.</p>" if log.truncated else "",
        '<form><input type="search" id="words" placeholder="command, address, word" aria-label="filter">'
        ' <label><input type="checkbox" id="troubles"> with a problem</label>'
        '<label><input type="checkbox" id="lines" checked> lines, gaps, notes</label>'
        '<span id="count"></span></form>',
    ]
    for stream, found in zip(log.streams, decoded, strict=True):
        parts.append(f"<h2>{escape(stream.name)}</h2>")
        parts.append(f"<table>{''.join(_rows(wire_folded(found)))}</table>")
    body = "\n".join(part for part in parts if part)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{STYLE}</style></head><body>\n{body}\n<script>{SCRIPT}</script></body></html>\n"
    )


def _rows(found: Iterable[WireMessage | WireFold]) -> Iterator[str]:
    for item in found:
        if isinstance(item, WireFold):
            text = f"{escape(item.text)} <button type=button>unfold</button>"
            name = f"{len(item.messages)} messages"
            yield _row("fold", (f"{item.first.at_s:.3f}", "&#8942;", name, text, ""))
            yield from (_message(message, " inner") for message in item.messages)
        else:
            yield _message(item, "")


def _message(message: WireMessage, more: str) -> str:
    kind = {">": "out", "<": "in"}.get(message.way, "line") + more + (" problem" if message.problems else "")
    arrow = {">": "&#8594;", "<": "&#8592;"}.get(message.way, "")
    problems = "".join(f" <b>{escape(problem)}</b>" for problem in message.problems)
    took = f"{message.took_ms:.1f} ms" if message.took_ms is not None else ""
    cells = (f"{message.at_s:.3f}", arrow, escape(message.name), escape(message.text) + problems, took)
    return _row(kind, cells)


def _row(kind: str, cells: tuple[str, str, str, str, str]) -> str:
    """Return a row: when, which way, name, words, how long; all of them HTML."""
    classes = ("at", "way", "name", "text", "at")
    told = "".join(f"<td class={name}>{cell}</td>" for name, cell in zip(classes, cells, strict=True))
    return f'<tr class="{kind}">{told}</tr>\n'
