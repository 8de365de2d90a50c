# SPDX-License-Identifier: Apache-2.0
"""The boot ROM as a behavioural model: boot and banner, download loader, flash functions.

It was written from what the mask ROM's own code does when it is executed in an interpreter with
modelled peripherals, not from observations on silicon.
"""
