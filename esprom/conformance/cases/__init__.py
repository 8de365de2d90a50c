# SPDX-License-Identifier: Apache-2.0
"""All cases, in the order in which they are run: from what everything rests on to what is done with it."""

from esprom.conformance.cases import dispatch, flash, framing, memory, own, registers, stub, sync

CASES = (
    *sync.CASES,
    *framing.CASES,
    *dispatch.CASES,
    *registers.CASES,
    *memory.CASES,
    *flash.CASES,
    *stub.CASES,
    *own.CASES,
)
