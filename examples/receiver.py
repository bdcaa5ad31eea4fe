#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Receive what `filch give DESC... --to SOCKET` sends: receiver.py SOCKET"""
import json
import os
import socket
import sys

server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
os.umask(0o177)  # nobody else may connect
server.bind(sys.argv[1])
server.listen()
giver, _ = server.accept()
os.unlink(sys.argv[1])
while True:
    line, fds, _, _ = socket.recv_fds(giver, 65536, 1)
    if not line:
        break
    said = json.loads(line)
    print(said["kind"], said["name"], "is now descriptor", fds[0], flush=True)
