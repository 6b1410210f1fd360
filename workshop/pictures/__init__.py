"""Pictures for the notebooks, from recorded runs: what a cell has recorded, or notebooks/STAGE.json. The same record always
makes the same bytes.

    endings(recorded("STAGE")["late-server"], "The late server")

A picture's meaning is also in words, for those who do not see it: as its text, and in the SVG's own title and description.
It does not depend on colour: form and words say what colour says.
"""

from workshop.pictures.base import Picture, recorded
from workshop.pictures.breaks import breaks
from workshop.pictures.caught import caught
from workshop.pictures.clock import Recorded
from workshop.pictures.endings import endings
from workshop.pictures.places import places
from workshop.pictures.splits import pairs, splits
from workshop.pictures.verdicts import verdicts

__all__ = [
    "Picture",
    "Recorded",
    "breaks",
    "caught",
    "endings",
    "pairs",
    "places",
    "recorded",
    "splits",
    "verdicts",
]
