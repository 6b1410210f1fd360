"""Ten pairs of program and test, each flaky for one reason. Each step is about one of them."""

from .pair import Pair


class Step01Scoreboard(Pair):
    """Boards show the score of a match: name the cause, repair the pair."""

    case = "scoreboard"
    cause = "38599535"

    def test_cause(self):
        """The cause in causes.py is right."""
        self.check_cause()

    def test_pair(self):
        """The tests pass in all weathers and fail with every wrong program."""
        self.check_pair()


class Step02Journal(Pair):
    """The journal keeps what it is sent: name the cause, repair the pair."""

    case = "journal"
    cause = "e6dc8cf9"

    def test_cause(self):
        """The cause in causes.py is right."""
        self.check_cause()

    def test_pair(self):
        """The tests pass in all weathers and fail with every wrong program."""
        self.check_pair()


class Step03Room(Pair):
    """Guests hear what is announced: name the cause, repair the pair."""

    case = "room"
    cause = "574309b4"

    def test_cause(self):
        """The cause in causes.py is right."""
        self.check_cause()

    def test_pair(self):
        """The tests pass in all weathers and fail with every wrong program."""
        self.check_pair()


class Step04Dictionary(Pair):
    """A reader looks words up: name the cause, repair the pair."""

    case = "dictionary"
    cause = "257ff7da"

    def test_cause(self):
        """The cause in causes.py is right."""
        self.check_cause()

    def test_pair(self):
        """The tests pass in all weathers and fail with every wrong program."""
        self.check_pair()


class Step05Survey(Pair):
    """A survey asks all stations: name the cause, repair the pair."""

    case = "survey"
    cause = "002e3dc9"

    def test_cause(self):
        """The cause in causes.py is right."""
        self.check_cause()

    def test_pair(self):
        """The tests pass in all weathers and fail with every wrong program."""
        self.check_pair()


class Step06Timetable(Pair):
    """Passengers ask when trams leave: name the cause, repair the pair."""

    case = "timetable"
    cause = "213a7893"

    def test_cause(self):
        """The cause in causes.py is right."""
        self.check_cause()

    def test_pair(self):
        """The tests pass in all weathers and fail with every wrong program."""
        self.check_pair()


class Step07News(Pair):
    """Readers get the news: name the cause, repair the pair."""

    case = "news"
    cause = "97150e35"

    def test_cause(self):
        """The cause in causes.py is right."""
        self.check_cause()

    def test_pair(self):
        """The tests pass in all weathers and fail with every wrong program."""
        self.check_pair()


class Step08Beacon(Pair):
    """A ship finds its position: name the cause, repair the pair."""

    case = "beacon"
    cause = "182cfcbe"
    quiet = 0.12  # It waits for the silent beacon.

    def test_cause(self):
        """The cause in causes.py is right."""
        self.check_cause()

    def test_pair(self):
        """The tests pass in all weathers and fail with every wrong program."""
        self.check_pair()


class Step09Visits(Pair):
    """A page counts its visits: name the cause, repair the pair."""

    case = "visits"
    cause = "8b85be32"

    def test_cause(self):
        """The cause in causes.py is right."""
        self.check_cause()

    def test_pair(self):
        """The tests pass in all weathers and fail with every wrong program."""
        self.check_pair()


class Step10Catalogue(Pair):
    """Borrowers ask where books are: name the cause, repair the pair."""

    case = "catalogue"
    cause = "bebfc523"

    def test_cause(self):
        """The cause in causes.py is right."""
        self.check_cause()

    def test_pair(self):
        """The tests pass in all weathers and fail with every wrong program."""
        self.check_pair()
