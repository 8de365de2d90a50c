# SPDX-License-Identifier: Apache-2.0
"""Is this an ESP8266's loader? Cases from the requirements in specs/, a runner, and reports (CONF-*)."""
