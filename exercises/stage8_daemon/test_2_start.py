"""The service is made, and starts: on a reactor that is a fake, so that no port is opened."""

from pathlib import Path

from twisted.application.service import IService
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from .helpers import POEM, client, parsed, poem_file
from .poetry_daemon import makeService


class Step04Start(SynchronousTestCase):
    """The service listens where --port says, once it is started.

    Write makeService: a PoetryService of the reactor, the endpoint that serverFromString makes of
    the option, and a PoetryFactory of the poem. Write also the line of PoetryService.startService
    that begins to listen. An endpoint's listen() gives a Deferred, which fires with the port.
    """

    longMessage = False  # Our message alone, not unittest's before it.

    def make(self, port):
        """A service made of options with this port, and the fake reactor that it has. The poem's file has changed since."""
        name = poem_file()
        options = parsed(self, "--port", port, "--poem", name)
        Path(name).write_bytes(b"changed since then\n")
        reactor = MemoryReactorClock()
        return makeService(options, reactor), reactor

    def test_service(self):
        """makeService gives an IService, of the reactor that it is given."""
        service, reactor = self.make("tcp:8123")
        self.assertTrue(
            IService.providedBy(service), f"Expected makeService to give a service: {service!r}."
        )
        self.assertIs(
            service.reactor, reactor, f"Expected the given reactor; it has {service.reactor!r}."
        )

    def test_not_before(self):
        """A service that was made, and not started, does not listen."""
        _, reactor = self.make("tcp:8123")
        self.assertEqual(
            len(reactor.tcpServers),
            0,
            "Expected nothing to listen before startService() is called.",
        )

    def test_listens(self):
        """Once it is started, it listens where the option says: the port, and the interface."""
        for port, expected in (
            ("tcp:8123:interface=127.0.0.1", (8123, "127.0.0.1")),
            ("tcp:0:interface=127.0.0.2", (0, "127.0.0.2")),
            ("tcp:8124", (8124, "")),
        ):
            service, reactor = self.make(port)
            service.startService()
            got = [(number, interface) for number, _, _, interface in reactor.tcpServers]
            self.assertEqual(
                got, [expected], f"Expected --port={port} to listen on {expected}; got {got}."
            )

    def test_listens_elsewhere(self):
        """If the option says a path, it listens there."""
        service, reactor = self.make("unix:/run/Poetry")
        service.startService()
        got = [path for path, *_ in reactor.unixServers]
        self.assertEqual(got, ["/run/Poetry"], f"Expected it to listen on /run/Poetry; got {got}.")

    def test_running(self):
        """It says of itself whether it runs: from its start to its stop."""
        service, _ = self.make("tcp:8123")
        told = [bool(service.running)]
        service.startService()
        told.append(bool(service.running))
        service.stopService()
        told.append(bool(service.running))
        self.assertEqual(
            told,
            [False, True, False],
            f"Expected service.running to be false, true, false: made, started, stopped; got {told}.",
        )

    def test_serves(self):
        """Each of two clients gets the poem that the options have read, and a close."""
        service, reactor = self.make("tcp:8123")
        service.startService()
        for number in (1, 2):
            _, transport = client(reactor.tcpServers[0][1])
            self.assertEqual(
                (transport.value(), transport.disconnecting),
                (POEM, True),
                f"Expected client {number} to get {POEM!r} and a close; got {transport.value()!r}.",
            )
