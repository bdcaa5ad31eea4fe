#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# timeout: 3000
"""tests/cli/killed.t, for longer."""
import os
import sys
os.environ.setdefault("KILL_SECONDS", "60")
test = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli", "killed.t")
os.execv(sys.executable, [sys.executable, test])
