#!/bin/sh
# SPDX-License-Identifier: MIT
set -u

command -v codespell >/dev/null || { echo "no codespell"; exit 77; }
git ls-files | xargs codespell -L "inflight,isnt,fo,te,ue,nd,wih,fpr,crate,ofd,inout,ond"
