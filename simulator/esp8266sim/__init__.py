# SPDX-License-Identifier: Apache-2.0
"""A virtual ESP8266."""
