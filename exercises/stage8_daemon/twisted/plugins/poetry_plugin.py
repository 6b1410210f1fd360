"""How twist knows of the poetry server: it looks into each folder twisted/plugins that is on Python's path."""

from twisted.application.service import ServiceMaker

# Step 5: there is nothing here yet that twist could find.
