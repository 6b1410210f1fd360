"""Wrong programs for the tests of each case, as changes of the program. Each function here gets what it replaces."""

from twisted.internet.defer import Deferred
from twisted.protocols.basic import LineOnlyReceiver


def first_score(plain):
    def init(self, show):
        seen = []
        plain(self, lambda score: seen or (seen.append(score), show(score)))

    return init


def own_goals(plain):
    return lambda self, team: plain(self, next(one for one in self.score if one != team))


def no_score_at_first(plain):
    return lambda self: self.factory.boards.add(self)


def nil_nil(plain):
    def connection_made(self):
        self.factory.boards.add(self)
        self.send(dict.fromkeys(self.factory.score, 0))

    return connection_made


def one_record(plain):
    def line_received(self, line):
        if not hasattr(self, "seen"):
            self.seen = line
            plain(self, line)

    return line_received


def strips(plain):
    return lambda self, line: plain(self, line.strip())


def keeps_twice(plain):
    return lambda self, line: (plain(self, line), plain(self, line))


def only_the_last(plain):
    return lambda self, text: [seat.say(text) for seat in self.seats[-1:]]


def no_welcome(plain):
    return lambda self: self.factory.seats.append(self)


def echoes(plain):
    return lambda self, line: [seat.say(b"psst: " + line) for seat in self.factory.seats]


def one_meaning(plain):
    def init(self, words):
        plain(self, {word: meanings[:1] for word, meanings in words.items()})

    return init


def minds_case(plain):
    return lambda self, line: plain(self, line if line.islower() else b"?")


def silent_if_unknown(plain):
    def line_received(self, line):
        if line.strip().lower() in self.factory.words:
            plain(self, line)

    return line_received


def coldest_first(plain):
    async def survey(stations):
        return sorted(await plain(stations))

    return survey


def whole_degrees(plain):
    async def survey(stations):
        return [float(int(one)) for one in await plain(stations)]

    return survey


def two_at_most(plain):
    async def survey(stations):
        return await plain(stations[:2])

    return survey


def more_than_one(plain):
    async def survey(stations):
        return await plain(stations) if len(stations) != 1 else []

    return survey


def some_at_least(plain):
    async def survey(stations):
        if not stations:
            raise ValueError("no stations")
        return await plain(stations)

    return survey


def same_for_all(plain):
    def line_received(self, line):
        self.factory.first = getattr(self.factory, "first", line)
        plain(self, self.factory.first)

    return line_received


def latest_question(plain):
    def line_received(self, line):
        from twisted.internet import reactor

        self.factory.latest = line
        reactor.callLater(0, lambda: plain(self, self.factory.latest))

    return line_received


def no_delays(plain):
    return lambda self, tram, departure: None


def silent_about_others(plain):
    def line_received(self, line):
        if line.strip() in self.factory.departures:
            plain(self, line)

    return line_received


def one_reader(plain):
    def line_received(self, line):
        if line.startswith(b"publish"):
            del self.factory.readers[1:]
        plain(self, line)

    return line_received


def first_word(plain):
    return lambda self, line: plain(self, b" ".join(line.split()[:2]))


def old_news(plain):
    def line_received(self, line):
        plain(self, line)
        if line.startswith(b"publish"):
            self.factory.old = line.partition(b" ")[2]
        elif hasattr(self.factory, "old"):
            self.sendLine(b"news " + self.factory.old)

    return line_received


class Counted:
    """An endpoint that counts the attempts."""

    def __init__(self, endpoint):
        self.endpoint, self.attempts = endpoint, 0

    def connect(self, factory):
        self.attempts += 1
        return self.endpoint.connect(factory)


def asks_once(plain):
    def locate(endpoint, reactor):
        class Once(Counted):
            def connect(self, factory):
                return Deferred() if self.attempts else super().connect(factory)

        return plain(Once(endpoint), reactor)

    return locate


def loses_the_first(plain):
    async def locate(endpoint, reactor):
        counted = Counted(endpoint)
        position = await plain(counted, reactor)
        return position if counted.attempts > 1 else b""

    return locate


def guesses(plain):
    async def locate(endpoint, reactor):
        await plain(endpoint, reactor)
        return b"0 N 0 E"

    return locate


def northing_only(plain):
    async def locate(endpoint, reactor):
        return (await plain(endpoint, reactor)).partition(b" N")[0]

    return locate


def always_first(plain):
    return lambda self, request: b"Visit number 1.\n"


def counts_on(plain):
    def render(self, request):
        visits = self.visits
        text = plain(self, request)
        self.visits = visits
        return text

    return render


def plain_ok(plain):
    def render(self, request):
        text = plain(self, request)
        request.setResponseCode(200)
        return text

    return render


def with_limit(seconds, answer=int):
    class Borrower(LineOnlyReceiver):
        delimiter = b"\n"

        def __init__(self, reactor):
            self.reactor = reactor
            self.asked = []

        def shelf(self, mark):
            self.asked.append(Deferred())
            self.sendLine(mark)
            if seconds:
                self.asked[-1].addTimeout(seconds, self.reactor)
            return self.asked[-1]

        def lineReceived(self, line):
            self.asked.pop(0).callback(answer(line))

    return lambda plain: Borrower


PROGRAMS = {
    "scoreboard": [
        ("A board shows the first score only.", "Scoreboard.__init__", first_score),
        ("Each goal counts for the other team.", "Match.goal", own_goals),
        ("A board that is late shows no goals.", "Referee.connectionMade", nil_nil),
        ("A board shows nothing until the next goal.", "Referee.connectionMade", no_score_at_first),
    ],
    "journal": [
        ("Only a sender's first record is kept.", "Clerk.lineReceived", one_record),
        ("Spaces at the ends of a record are lost.", "Clerk.lineReceived", strips),
        ("Each record is kept twice.", "Clerk.lineReceived", keeps_twice),
    ],
    "room": [
        ("Only the last guest hears an announcement.", "Room.announce", only_the_last),
        ("Nobody is welcomed.", "Seat.connectionMade", no_welcome),
        ("Guests hear what they say themselves.", "Seat.lineReceived", echoes),
    ],
    "dictionary": [
        ("Only a word's first meaning is sent.", "Dictionary.__init__", one_meaning),
        ("A word with a capital letter is unknown.", "Entry.lineReceived", minds_case),
        ("A word that is unknown gets no answer.", "Entry.lineReceived", silent_if_unknown),
    ],
    "survey": [
        ("The coldest station is first.", "survey", coldest_first),
        ("Temperatures are cut to whole degrees.", "survey", whole_degrees),
        ("A survey of one station is empty.", "survey", more_than_one),
        ("A survey of no stations fails.", "survey", some_at_least),
        ("Only the first two stations are asked.", "survey", two_at_most),
    ],
    "timetable": [
        ("All get the answer to the first question.", "Clerk.lineReceived", same_for_all),
        (
            "Of questions at the same time, the latest counts.",
            "Clerk.lineReceived",
            latest_question,
        ),
        ("Delays are ignored.", "Timetable.delay", no_delays),
        ("A tram that does not exist gets no answer.", "Clerk.lineReceived", silent_about_others),
    ],
    "news": [
        ("Only the first reader gets the news.", "Desk.lineReceived", one_reader),
        ("Only the first word of a text is published.", "Desk.lineReceived", first_word),
        ("New readers get the last news of before.", "Desk.lineReceived", old_news),
    ],
    "beacon": [
        ("A silent beacon is not asked again.", "locate", asks_once),
        ("An answer at the first attempt is lost.", "locate", loses_the_first),
        ("The position is a guess.", "locate", guesses),
        ("Half of the position is lost.", "locate", northing_only),
    ],
    "visits": [
        ("Every visit is number 1.", "Page.render_GET", always_first),
        ("DELETE changes nothing.", "Page.render_DELETE", counts_on),
        ("DELETE has the status 200.", "Page.render_DELETE", plain_ok),
    ],
    "catalogue": [
        ("It waits for an answer for ever.", "Borrower", with_limit(None)),
        ("It waits for an answer for a minute.", "Borrower", with_limit(60)),
        ("It waits for an answer for half a second.", "Borrower", with_limit(0.5)),
        ("Every shelf has the number 0.", "Borrower", with_limit(0.8, answer=lambda line: 0)),
    ],
}

RIGHT = {"catalogue": ("Borrower", with_limit(0.8))}
"""A right program, in another way: the tests of the case pass with it, on a quiet network."""
