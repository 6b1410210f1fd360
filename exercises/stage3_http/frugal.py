"""A server that saves memory: all the 408s of a connection are written from one buffer. For step 15."""

from .server import HTTPProtocol


class OneBuffer:
    """Stands between a protocol and its transport."""

    def __init__(self, transport):
        self._transport = transport
        self._buffer = bytearray()

    def write(self, data):
        if not data.startswith(b"HTTP/1.1 408 "):
            self._transport.write(data)
            return
        self._buffer += data
        self._transport.writeSequence([self._buffer])
        self._buffer.clear()  # for the next one

    def __getattr__(self, name):
        return getattr(self._transport, name)


class FrugalProtocol(HTTPProtocol):
    """Your server, with one buffer for its 408s."""

    def makeConnection(self, transport):
        super().makeConnection(OneBuffer(transport))
