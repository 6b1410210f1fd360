"""How to connect over TCP. Given; there is nothing to write here."""

from __future__ import annotations

from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.internet.endpoints import HostnameEndpoint, TCP4ClientEndpoint, TCP6ClientEndpoint
from twisted.internet.interfaces import IStreamClientEndpoint


def tcp_endpoint(host: str, port: int) -> IStreamClientEndpoint:
    """Make an endpoint on the global reactor. An IP address needs no name lookup, and so no thread."""
    # Not at the module's top: there it would install a reactor, perhaps not the one that the user wants.
    from twisted.internet import reactor

    if isIPAddress(host):
        return TCP4ClientEndpoint(reactor, host, port)
    if isIPv6Address(host):
        return TCP6ClientEndpoint(reactor, host, port)
    return HostnameEndpoint(reactor, host, port)
