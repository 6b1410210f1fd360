"""A survey asks all stations."""

from __future__ import annotations

from .network import NetworkTestCase
from .survey import Station, survey


class SurveyTests(NetworkTestCase):
    """Stations on this machine."""

    async def test_all(self) -> None:
        """Every station's temperature is reported, in the order of the stations."""
        stations = [self.listen(Station(degrees)) for degrees in (21.5, -3.0, 8.4)]
        self.assertEqual(await survey(stations), [21.5, -3.0, 8.4])

    async def test_one(self) -> None:
        """A survey of one station has one temperature."""
        self.assertEqual(await survey([self.listen(Station(-11.0))]), [-11.0])

    async def test_none(self) -> None:
        """Without stations there are no temperatures."""
        self.assertEqual(await survey([]), [])
