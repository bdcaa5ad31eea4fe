#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Random keys in LOOK mode for ten minutes; tests/tui/keys.t says what must not change.
FILCH_RANDOM_SECONDS=${FILCH_RANDOM_SECONDS:-600} exec "${PYTHON:-/usr/bin/python3}" -B tests/tui/keys.t
