#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The interface as README.md shows it; make.py starts this in new namespaces:
screens.py NAME ... prints the screens as JSON. Exits 77 if the scene cannot be set here."""

import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../tui")]
import scenes  # noqa: E402

# Rows and columns; keys, each with what must be on the screen before the next is pressed.
SCREENS = {
    "processes": (16, 100, (("1", "PROCESSES"), ("fdemo\r", "2 of"))),
    "descriptors": (28, 120, (("ffd>=3\r", "=C 2"), ("g/5 pipe\r", "shared with"),
                              ("", "4121:6 demo-shop, 4122:6"))),
    "viewer": (14, 80, (("g/5 pipe\r", ">    5"), ("v", "Okafor"))),
    "disturb": (24, 80, (("ffd>=3\r", "=C 2"), ("g/5 pipe\r", ">    5"), ("", " 4121:5 pipe "),
                         ("!", "DISTURB"))),
}


def shown(name):
    from screen import Screen
    rows, cols, steps = SCREENS[name]
    with Screen([scenes.HERE, "4121"], rows=rows, cols=cols, env=scenes.ENV) as s:
        s.wait("the table", lambda x: "idle" in x.text())
        for keys, text in steps:
            s.keys(keys)
            s.wait(text, lambda x, t=text: t in x.text())
        return "\n".join(s.lines()).rstrip("\n") + "\n"


def main(names):
    try:
        scenes.world()
        scenes.shop()
    except (scenes.CannotBe, OSError) as e:
        print(f"screens: {e}", file=sys.stderr)
        return 77
    print(json.dumps({name: shown(name) for name in names}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
