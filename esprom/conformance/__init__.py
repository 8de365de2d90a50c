# SPDX-License-Identifier: Apache-2.0
"""Checks that anybody's device, and anybody's host tool, can be put to (CONF-*)."""
