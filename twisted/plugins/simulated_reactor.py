"""Makes the simulated network known to Twisted, which looks into each folder twisted/plugins on Python's path."""

from twisted.application.reactors import Reactor

simulated = Reactor(
    "simulated",
    "workshop.simulated.trial",
    "Network in memory, virtual time; a seed decides on the weather.",
)
