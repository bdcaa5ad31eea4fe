#!/bin/sh
# SPDX-License-Identifier: MIT
#
# README.md shows what the program prints; `make readme` puts it there.
exec "${PYTHON:-/usr/bin/python3}" -B tests/readme/make.py --check README.md
