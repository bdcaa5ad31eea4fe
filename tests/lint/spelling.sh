#!/bin/sh
# SPDX-License-Identifier: MIT
set -u

command -v codespell >/dev/null || { echo "no codespell"; exit 77; }
# Words on a screen may be cut off.
git ls-files -- . ':!tests/tui/golden' | xargs codespell -L "inflight,isnt,fo,te,ue,nd,wih,fpr,crate,ofd,inout,ond"
