"""Two of the gallery's teardowns, as trial saw them when the server ended late."""

from stage4_quiet import draw

NAMES = ["Teardown4Port", "Teardown9AllThree"]
draw("What trial saw when the server ends late", "late-server", NAMES)
