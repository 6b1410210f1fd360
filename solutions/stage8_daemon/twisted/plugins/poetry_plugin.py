"""Makes the poetry server known to twist, which looks into each folder twisted/plugins on Python's path."""

from twisted.application.service import ServiceMaker

### BEGIN SOLUTION Step 3: a ServiceMaker, for the module poetry_daemon and the command poetry
### STARTER # Step 3:
poetry = ServiceMaker(
    "Poetry server",
    "poetry_daemon",
    "Sends a poem to everyone who connects.",
    "poetry",
)
### END SOLUTION
