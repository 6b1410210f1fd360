"""What trial saw of two of the gallery's teardowns when the server ends late. Drawn from stage4_endings.json."""

from stage4_quiet import draw

draw("What trial saw when the server ends late", "late-server")
