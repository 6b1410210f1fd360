"""ldaptor: an LDAP server with a directory in memory, and a client that binds and searches."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from inner import Innocent, waited
from ldaptor.inmemory import fromLDIFFile
from ldaptor.interfaces import IConnectedLDAPEntry
from ldaptor.protocols.ldap.ldapclient import LDAPClient
from ldaptor.protocols.ldap.ldapserver import LDAPServer
from ldaptor.protocols.ldap.ldapsyntax import LDAPEntry
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP4ServerEndpoint
from twisted.internet.protocol import Factory
from twisted.python.components import registerAdapter

from txtidy import Tidy

LDIF = b"""\
dn: dc=org
dc: org
objectClass: dcObject

dn: uid=ada,dc=org
uid: ada
cn: Ada
objectClass: person

"""


class Directory(Factory):
    """A factory that ldaptor adapts to the root of its tree."""

    noisy = False
    protocol = LDAPServer

    def __init__(self, root: Any) -> None:
        self.root = root

    def buildProtocol(self, address: Any) -> Any:
        protocol = LDAPServer()
        protocol.factory = self
        return protocol


registerAdapter(lambda factory: factory.root, Directory, IConnectedLDAPEntry)


def clients() -> Any:
    made = Factory.forProtocol(LDAPClient)
    made.noisy = False  # type: ignore[attr-defined]
    return made


class Tests(Innocent):
    @waited
    async def test_search(self) -> None:
        entry = LDAPEntry(self.client, "dc=org")
        found = await entry.search(filterText="(uid=ada)")
        self.assertEqual([one.get("cn") for one in found], [{b"Ada"}])

    def test_left_open(self) -> None:
        pass

    def test_no_answer(self) -> None:
        searching = LDAPEntry(self.client, "dc=org").search(filterText="(uid=ada)")
        searching.addErrback(lambda failure: None)


class WithTidy(Tidy, Tests):
    @waited
    async def setUp(self) -> None:
        from twisted.internet import reactor

        directory = Directory(await fromLDIFFile(BytesIO(LDIF)))
        port = await self.listen(TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1"), directory)
        endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", port.getHost().port)
        self.client = await self.connect(endpoint, clients())


class ByHand(Tests):
    @waited
    async def setUp(self) -> None:
        from twisted.internet import reactor

        self.ends: list[Deferred[None]] = []
        directory = Directory(await fromLDIFFile(BytesIO(LDIF)))
        endpoint = TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1")
        self.port = await endpoint.listen(self.watch(directory))
        self.addCleanup(self.close)
        endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", self.port.getHost().port)
        self.client = await endpoint.connect(self.watch(clients()))

    def watch(self, factory: Any) -> Any:
        build = factory.buildProtocol

        def build_and_watch(address: Any) -> Any:
            protocol = build(address)
            lost, ended = protocol.connectionLost, Deferred()
            self.ends.append(ended)

            def connection_lost(reason: Any) -> None:
                lost(reason)
                ended.callback(None)

            protocol.connectionLost = connection_lost
            return protocol

        factory.buildProtocol = build_and_watch
        return factory

    @waited
    async def close(self) -> None:
        await self.port.stopListening()
        self.client.transport.abortConnection()
        await DeferredList(self.ends)


class Naive(Tests):
    @waited
    async def setUp(self) -> None:
        from twisted.internet import reactor

        directory = Directory(await fromLDIFFile(BytesIO(LDIF)))
        endpoint = TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1")
        self.port = await endpoint.listen(directory)
        endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", self.port.getHost().port)
        self.client = await endpoint.connect(clients())

    def tearDown(self) -> Any:
        return self.port.stopListening()
