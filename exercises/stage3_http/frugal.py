"""Your server, with one change: it puts its 408 together in a buffer, and writes that without a copy. For step 15."""

from .server import HTTPProtocol


class Frugal:
    """Stands between a protocol and its transport."""

    def __init__(self, transport):
        self._transport = transport

    def write(self, data):
        if data.startswith(b"HTTP/1.1 408 "):
            self._transport.writeSequence([bytearray(data)])
        else:
            self._transport.write(data)

    def __getattr__(self, name):
        return getattr(self._transport, name)


class FrugalProtocol(HTTPProtocol):
    """Your server, with this between it and its transport."""

    def makeConnection(self, transport):
        super().makeConnection(Frugal(transport))
