# SPDX-License-Identifier: Apache-2.0
"""The loader's commands as blocking verbs, over the protocol's exchange and a port."""
