"""How twist knows of the poetry server: it looks into each folder twisted/plugins that is on Python's path."""

from twisted.application.service import ServiceMaker

### BEGIN SOLUTION Step 5: a ServiceMaker, for the module poetry_daemon and the command poetry
### STARTER # Step 5: there is nothing here yet that twist could find.
poetry = ServiceMaker(
    "Poetry server",
    "poetry_daemon",
    "Sends a poem to everyone who connects.",
    "poetry",
)
### END SOLUTION
