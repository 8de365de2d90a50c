# SPDX-License-Identifier: Apache-2.0
"""The command line: the only part of esprom that prints.

It uses what `import esprom` offers to anybody, and nothing below that (tests/unit/cli/test_layers.py).
`main` is the entry; `verbs` lists the commands as data, so that `esprom --help` imports none of them.
"""
