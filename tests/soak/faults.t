#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# timeout: 7200
"""tests/cli/faults.t with every error at every call."""
import os
import sys
os.environ.setdefault("FAULTS", "all")
test = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli", "faults.t")
os.execv(sys.executable, [sys.executable, test])
