"""A test on each line, for step 12, which has trial run these on each reactor that this platform has.

trial exercises.stage4_disconnect.everywhere --reactor=poll
"""

from .fixture import Connected
from .lines import CLOGGED, LATE_CLIENT, LATE_SERVER, QUIET


class OnQuiet(Connected):
    """A line on which each end comes at once."""

    timeout = 1.5
    grace = 0.05
    limit = 1.0
    client_class, server_class = QUIET.client, QUIET.server

    async def test_hello(self):
        """What the client sent comes back."""
        answer = await self.client.answer
        self.assertEqual(answer[:5], b"hello")


class OnLateServer(OnQuiet):
    """A server that says goodbye late."""

    client_class, server_class = LATE_SERVER.client, LATE_SERVER.server


class OnLateClient(OnQuiet):
    """A client that notices late."""

    client_class, server_class = LATE_CLIENT.client, LATE_CLIENT.server


class OnClogged(OnQuiet):
    """Two sides that do not read what the other has sent."""

    client_class, server_class = CLOGGED.client, CLOGGED.server


LINES = [OnQuiet, OnLateServer, OnLateClient, OnClogged]
