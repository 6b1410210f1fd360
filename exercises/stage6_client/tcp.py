"""What is given: how to connect over TCP. There is nothing to write here."""

from __future__ import annotations

from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.internet.endpoints import HostnameEndpoint, TCP4ClientEndpoint, TCP6ClientEndpoint
from twisted.internet.interfaces import IStreamClientEndpoint


def tcp_endpoint(host: str, port: int) -> IStreamClientEndpoint:
    """What connects to a host, on the reactor that runs. An address needs no look-up of names, and no thread for it."""
    # Not at the module's top: there it would install a reactor, perhaps another one than was asked for.
    from twisted.internet import reactor

    if isIPAddress(host):
        return TCP4ClientEndpoint(reactor, host, port)
    if isIPv6Address(host):
        return TCP6ClientEndpoint(reactor, host, port)
    return HostnameEndpoint(reactor, host, port)
