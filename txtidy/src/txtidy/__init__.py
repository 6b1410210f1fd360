"""txtidy: what a Twisted test opens ends with the test, or is named."""

from ._case import Tidy
from ._things import NotTidy

__all__ = ["NotTidy", "Tidy"]
