# SPDX-License-Identifier: Apache-2.0
"""The Xtensa LX106: one instruction table; decoder, disassembler and translator are made from it."""

from esp8266sim.cpu.cpu import Cpu, StopReason
from esp8266sim.cpu.memory import Memory

__all__ = ["Cpu", "Memory", "StopReason"]
