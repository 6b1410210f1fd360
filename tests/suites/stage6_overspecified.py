"""Tests of stage6_client that pass on the reference, and each of which asks for more than the README says, but the first.

Its verdict: all run, none is empty, and all but test_answer are named, since a right answer does otherwise.
"""

from twisted.internet.defer import TimeoutError
from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure

from ..wire import outcome
from .conversation import URL, ClientTestCase
from .messages import LONGEST_HEAD, BrokenOff, TooLong, TooManyRedirects

DONE = Failure(ConnectionDone())
OK = b"HTTP/1.1 200 OK\r\n"
SHORT = OK + b"Content-Length: 3\r\n\r\nabc"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


class StrictTests(ClientTestCase):
    """What is free."""

    def test_answer(self):
        """Good: an answer is one."""
        self.assertContent(self.receive(SHORT), b"abc")

    def test_bytes_of_the_request(self):
        """Too much: the order of the fields."""
        _, _, transport = self.begin()
        fields = b"Host: example.org\r\nConnection: close\r\n\r\n"
        self.assertEqual(transport.value(), b"GET /dir/page?a=b HTTP/1.1\r\n" + fields)

    def test_host_comes_first(self):
        """Too much: where one of them stands."""
        self.client().get(URL, [("X", "y")])
        _, transport = self.endpoint.accept()
        self.assertIn(b" HTTP/1.1\r\nHost: ", transport.value())

    def test_one_call_while_it_answers(self):
        """Too much: how many calls are on the clock."""
        self.begin()
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)

    def test_time_of_the_call(self):
        """Too much: when a call is due."""
        self.client(connect_patience=7).get(URL)
        self.assertEqual(self.clock.getDelayedCalls()[0].getTime(), 7)

    def test_very_own_timeout(self):
        """Too much: the class itself, and no subclass."""
        asking = self.client(connect_patience=7).get(URL)
        self.clock.advance(7)
        self.assertIs(type(outcome(asking).reason), TimeoutError)

    def test_message(self):
        """Too much: the words of an exception."""
        got = self.receive(SHORT[:-1], end=DONE)
        self.assertEqual(str(got.reason), "the connection ended before the answer was whole")

    def test_hundred_times_100(self):
        """Too much: as many 1xx as a server likes."""
        self.assertContent(self.receive(b"HTTP/1.1 100 Continue\r\n\r\n" * 100 + SHORT), b"abc")

    def test_trailers_without_number(self):
        """Too much: as many trailers as a server likes."""
        trailers = b"T: t\r\n" * LONGEST_HEAD
        self.assertContent(self.receive(CHUNKED + b"0\r\n" + trailers + b"\r\n"), b"")

    def test_ssh_breaks_off(self):
        """Too much: BrokenOff where it could be seen that it is no answer."""
        self.assertFailed(self.receive(b"SSH", end=DONE), BrokenOff)

    def test_bad_field_breaks_off(self):
        """Too much: BrokenOff where a line was wrong already."""
        self.assertFailed(self.receive(OK + b"X : y\r\n", end=DONE), BrokenOff)

    def test_bad_line_is_too_long(self):
        """Too much: TooLong where a line was wrong already."""
        self.assertFailed(self.receive(b"ICY " + b"y" * LONGEST_HEAD), TooLong)

    def test_too_long_at_its_length(self):
        """Too much: TooLong before the byte too many has come."""
        got = self.receive(OK + b"Content-Length: 4\r\n\r\n", longest=3)
        self.assertFailed(got, TooLong)

    def test_blank_after_a_size(self):
        """Too much: a blank after a chunk's size."""
        self.assertContent(self.receive(CHUNKED + b"1 \r\na\r\n0\r\n\r\n"), b"a")

    def test_length_of_no_content(self):
        """Too much: a wrong length in the answer to HEAD."""
        wire = OK + b"Content-Length: x\r\n\r\n"
        self.assertContent(self.receive(wire, method="HEAD"), b"")

    def test_aborted_after_an_answer(self):
        """Too much: an abort where a close will do."""
        _, protocol, transport = self.begin()
        protocol.dataReceived(SHORT)
        self.assertTrue(transport.disconnected)

    def test_one_redirect_too_many_to_nowhere(self):
        """Too much: which of two failures it is."""
        wire = b"HTTP/1.1 302 X\r\nLocation: x:\r\nContent-Length: 0\r\n\r\n"
        self.assertFailed(self.receive(wire, most_redirects=0), TooManyRedirects)

    def test_helper_of_the_frame(self):
        """Too much: a function that is the reference's own."""
        from .client import where

        self.assertEqual(where(URL, "/c"), "http://example.org/c")
