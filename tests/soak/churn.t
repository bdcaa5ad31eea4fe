#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# timeout: 3000
"""tests/kinds/churn.t, for longer."""
import os
import sys
os.environ.setdefault("CHURN_ROUNDS", "5000")
test = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "kinds", "churn.t")
os.execv(sys.executable, [sys.executable, test])
