"""What trial saw of two of the gallery's teardowns when the server ends late."""

from stage4_quiet import draw

NAMES = ["Teardown4Port", "Teardown9AllThree"]
draw("What trial saw when the server ends late", "late-server", NAMES)
