"""Two tests on the reactor that all tests of a process share. The second is blamed for what the first left there."""

from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase


def boom():
    raise RuntimeError("asked for by test_1")


class Two(TestCase):
    def test_1(self):
        from twisted.internet import reactor

        reactor.callWhenRunning(boom)

    async def test_2(self):
        from twisted.internet import reactor

        await deferLater(reactor, 0)
