"""A beginner's honest suite for stage6_client: what goes well, and no more.

Its verdict: all 7 tests run, none is empty, none asks too much; of the 16 kinds they catch one, content that ends with
the connection.
"""

from twisted.internet.protocol import connectionDone

from ..wire import outcome
from .conversation import URL, ClientTestCase


class ClientTests(ClientTestCase):
    """A page is fetched."""

    def test_get(self):
        """An answer with a length."""
        got = self.receive(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
        self.assertEqual((got.status, got.reason, got.content), (200, "OK", b"hello"))

    def test_not_found(self):
        """A status that is no success is an answer as well."""
        got = self.receive(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        self.assertEqual((got.status, got.content), (404, b""))

    def test_fields(self):
        """The fields are there."""
        got = self.receive(b"HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 2\r\n\r\nhi")
        self.assertEqual(got.fields, [("Server", "x"), ("Content-Length", "2")])

    def test_chunked(self):
        """An answer in chunks is put together."""
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        got = self.receive(head + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
        self.assertEqual(got.content, b"abcde")

    def test_old_server(self):
        """A server that sends no length closes the connection."""
        got = self.receive(b"HTTP/1.0 200 OK\r\n\r\nabc", b"de", end=connectionDone)
        self.assertEqual(got.content, b"abcde")

    def test_post(self):
        """The content is sent, to the host of the URL."""
        self.client().request("POST", URL, content=b"hello")
        _, transport = self.endpoint.accept()
        self.assertEqual(self.asked, [("example.org", 80)])
        self.assertTrue(transport.value().startswith(b"POST /dir/page?a=b HTTP/1.1\r\n"))
        self.assertTrue(transport.value().endswith(b"\r\n\r\nhello"))

    def test_redirect(self):
        """A redirect is followed."""
        asking, protocol, _ = self.begin()
        protocol.dataReceived(
            b"HTTP/1.1 302 Found\r\nLocation: http://other.example/\r\nContent-Length: 0\r\n\r\n"
        )
        protocol, _ = self.endpoint.accept()
        protocol.dataReceived(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na")
        self.assertEqual(outcome(asking).content, b"a")
