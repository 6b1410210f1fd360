"""The service is made and started on a fake reactor, so that no port is opened."""

from pathlib import Path

from twisted.application.service import IService
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from .helpers import POEM, client, parsed, poem_file
from .poetry_daemon import makeService


class Step02Start(SynchronousTestCase):
    """The service listens on the address of --port once it is started.

    Write makeService: it returns a PoetryService with the reactor, the endpoint that
    serverFromString makes of options["port"], and a PoetryFactory with options.poem. Write also the
    line of PoetryService.startService that sets self.listening to the Deferred which the endpoint's
    listen(self.factory) returns.
    """

    longMessage = False  # Our message alone, not unittest's before it.

    def make(self, port):
        """Make a service with this port. Returns it and its fake reactor. The poem's file is changed after parsing."""
        name = poem_file()
        options = parsed(self, "--port", port, "--poem", name)
        Path(name).write_bytes(b"changed since then\n")
        reactor = MemoryReactorClock()
        return makeService(options, reactor), reactor

    def test_service(self):
        """makeService returns an IService that uses the given reactor."""
        service, reactor = self.make("tcp:8123")
        self.assertTrue(
            IService.providedBy(service),
            f"Expected makeService to return an IService; got {service!r}.",
        )
        self.assertIs(
            service.reactor, reactor, f"Expected the given reactor; got {service.reactor!r}."
        )

    def test_not_before(self):
        """A service that has not been started does not listen."""
        _, reactor = self.make("tcp:8123")
        self.assertEqual(
            len(reactor.tcpServers),
            0,
            "Expected no listening port before startService() is called.",
        )

    def test_listens(self):
        """Once started, it listens on the port and the interface of the option."""
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
        """If the option names a path, it listens on that UNIX socket."""
        service, reactor = self.make("unix:/run/Poetry")
        service.startService()
        got = [path for path, *_ in reactor.unixServers]
        self.assertEqual(got, ["/run/Poetry"], f"Expected it to listen on /run/Poetry; got {got}.")

    def test_running(self):
        """service.running is true from start to stop."""
        service, _ = self.make("tcp:8123")
        running = [bool(service.running)]
        service.startService()
        running.append(bool(service.running))
        service.stopService()
        running.append(bool(service.running))
        self.assertEqual(
            running,
            [False, True, False],
            f"Expected service.running to be false, true, false (made, started, stopped); got {running}.",
        )

    def test_serves(self):
        """Each client gets the poem that the options have read, and then the connection closes."""
        service, reactor = self.make("tcp:8123")
        service.startService()
        for number in (1, 2):
            _, transport = client(reactor.tcpServers[0][1])
            self.assertEqual(
                (transport.value(), transport.disconnecting),
                (POEM, True),
                f"Expected client {number} to get {POEM!r} and a close; got {transport.value()!r}.",
            )
