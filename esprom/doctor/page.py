# SPDX-License-Identifier: Apache-2.0
"""A diagnosis as one HTML page that needs nothing else."""

from html import escape

from esprom.doctor import Diagnosis
from esprom.doctor.wiring import picture

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 56em; padding: 0 1em; color: #222; }
h1 { font-size: 1.5em; }
h2 { font-size: 1.15em; margin-top: 1.6em; }
li { margin: .3em 0; }
.no { color: #b23c00; font-weight: bold; }
svg { max-width: 100%; height: auto; }
"""


def doctor_page(diagnosis: Diagnosis) -> str:
    """Return the page."""
    findings = "".join(
        f"<li{'' if found.good else ' class=no'}>{'ok' if found.good else 'NO'}: {escape(found.check)}: "
        f"{escape(found.text)}</li>"
        for found in diagnosis.findings
    )
    advice = diagnosis.advice
    verdict = "<p>All is well.</p>"
    if advice is not None:
        steps = "".join(f"<li>{escape(step)}</li>" for step in advice.steps)
        verdict = f"<p class=no>{escape(advice.means)}.</p><h2>What to do</h2><ol>{steps}</ol>"
    suspects = advice.suspects if advice is not None else ()
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>esprom doctor</title>'
        f"<style>{STYLE}</style></head><body><h1>esprom doctor</h1>{verdict}"
        f"<h2>Wiring</h2>{picture(suspects)}<h2>What was found</h2><ul>{findings}</ul></body></html>\n"
    )
