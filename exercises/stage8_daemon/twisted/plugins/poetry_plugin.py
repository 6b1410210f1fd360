"""Makes the poetry server known to twist, which looks into each folder twisted/plugins on Python's path."""

from twisted.application.service import ServiceMaker

# Step 3:
