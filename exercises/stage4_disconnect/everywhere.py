"""A test on each line. Step 12 runs these with trial on each reactor that this platform has.

trial exercises.stage4_disconnect.everywhere --reactor=poll
"""

from .fixture import Connected
from .lines import CLOGGED, LATE_CLIENT, LATE_SERVER, QUIET


class OnQuiet(Connected):
    """A line on which each side ends at once."""

    timeout = 1.5
    grace = 0.05
    limit = 1.0
    client_class, server_class = QUIET.client, QUIET.server

    async def test_hello(self):
        """The client's bytes are sent back."""
        answer = await self.client.answer
        self.assertEqual(answer[:5], b"hello")


class OnLateServer(OnQuiet):
    """A server that closes late."""

    client_class, server_class = LATE_SERVER.client, LATE_SERVER.server


class OnLateClient(OnQuiet):
    """A client that notices late that the server has closed."""

    client_class, server_class = LATE_CLIENT.client, LATE_CLIENT.server


class OnClogged(OnQuiet):
    """Two sides that write and do not read."""

    client_class, server_class = CLOGGED.client, CLOGGED.server


LINES = [OnQuiet, OnLateServer, OnLateClient, OnClogged]
