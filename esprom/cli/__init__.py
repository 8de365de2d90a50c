# SPDX-License-Identifier: Apache-2.0
"""The command line: the only part of esprom that prints.

It uses what `import esprom` offers to anybody, and nothing below that (tests/unit/cli/test_layers.py).
`entry` is what the shell starts, `main` runs a command line; `verbs` lists the commands as data, so that
`esprom --help` imports none of them.
"""
