"""Ten pairs of program and test, each flaky for one reason. Each step is about one of them."""

from .pair import Pair


class Step01Scoreboard(Pair):
    """Boards show the score of a match: find the cause, repair the pair.

    Write its name into causes.py. Repair scoreboard.py or test_scoreboard.py.
    """

    case = "scoreboard"
    cause = "38599535"

    def test_cause(self):
        """The cause in causes.py is right."""
        self.check_cause()

    def test_pair(self):
        """The tests pass in windy weather, and fail with every wrong program."""
        self.check_pair()


class Step02Journal(Pair):
    """The journal keeps what it is sent: find the cause, repair the pair.

    Write its name into causes.py. Repair journal.py or test_journal.py.
    """

    case = "journal"
    cause = "e6dc8cf9"

    def test_cause(self):
        """The cause in causes.py is right."""
        self.check_cause()

    def test_pair(self):
        """The tests pass in windy weather, and fail with every wrong program."""
        self.check_pair()


class Step03Room(Pair):
    """Guests hear what is announced: find the cause, repair the pair.

    Write its name into causes.py. Repair room.py or test_room.py.
    """

    case = "room"
    cause = "574309b4"

    def test_cause(self):
        """The cause in causes.py is right."""
        self.check_cause()

    def test_pair(self):
        """The tests pass in windy weather, and fail with every wrong program."""
        self.check_pair()


class Step04Dictionary(Pair):
    """A reader looks words up: find the cause, repair the pair.

    Write its name into causes.py. Repair dictionary.py or test_dictionary.py.
    """

    case = "dictionary"
    cause = "257ff7da"

    def test_cause(self):
        """The cause in causes.py is right."""
        self.check_cause()

    def test_pair(self):
        """The tests pass in windy weather, and fail with every wrong program."""
        self.check_pair()


class Step05Survey(Pair):
    """A survey asks all stations: find the cause, repair the pair.

    Write its name into causes.py. Repair survey.py or test_survey.py.
    """

    case = "survey"
    cause = "002e3dc9"

    def test_cause(self):
        """The cause in causes.py is right."""
        self.check_cause()

    def test_pair(self):
        """The tests pass in windy weather, and fail with every wrong program."""
        self.check_pair()


class Step06Timetable(Pair):
    """Passengers ask when trams leave: find the cause, repair the pair.

    Write its name into causes.py. Repair timetable.py or test_timetable.py.
    """

    case = "timetable"
    cause = "213a7893"

    def test_cause(self):
        """The cause in causes.py is right."""
        self.check_cause()

    def test_pair(self):
        """The tests pass in windy weather, and fail with every wrong program."""
        self.check_pair()


class Step07News(Pair):
    """Readers get the news: find the cause, repair the pair.

    Write its name into causes.py. Repair news.py or test_news.py.
    """

    case = "news"
    cause = "97150e35"

    def test_cause(self):
        """The cause in causes.py is right."""
        self.check_cause()

    def test_pair(self):
        """The tests pass in windy weather, and fail with every wrong program."""
        self.check_pair()


class Step08Beacon(Pair):
    """A ship finds its position: find the cause, repair the pair.

    Write its name into causes.py. Repair beacon.py or test_beacon.py.
    """

    case = "beacon"
    cause = "182cfcbe"
    quiet = 0.12  # It waits for the silent beacon.

    def test_cause(self):
        """The cause in causes.py is right."""
        self.check_cause()

    def test_pair(self):
        """The tests pass in windy weather, and fail with every wrong program."""
        self.check_pair()


class Step09Visits(Pair):
    """A page counts its visits: find the cause, repair the pair.

    Write its name into causes.py. Repair visits.py or test_visits.py.
    """

    case = "visits"
    cause = "8b85be32"

    def test_cause(self):
        """The cause in causes.py is right."""
        self.check_cause()

    def test_pair(self):
        """The tests pass in windy weather, and fail with every wrong program."""
        self.check_pair()


class Step10Catalogue(Pair):
    """Borrowers ask where books are: find the cause, repair the pair.

    Write its name into causes.py. Repair catalogue.py or test_catalogue.py.
    """

    case = "catalogue"
    cause = "bebfc523"

    def test_cause(self):
        """The cause in causes.py is right."""
        self.check_cause()

    def test_pair(self):
        """The tests pass in windy weather, and fail with every wrong program."""
        self.check_pair()
