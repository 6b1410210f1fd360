"""Right and wrong programs for the tests that you write in steps 4 and 5. README.md says what is wrong with each."""

from twisted.internet.defer import Deferred, DeferredList, gatherResults, succeed

from .teardown import after


def watched(factory, note):
    """Call note(protocol) with what the factory's buildProtocol returns, each time."""
    build = factory.buildProtocol

    def build_and_note(address):
        protocol = build(address)
        note(protocol)
        return protocol

    factory.buildProtocol = build_and_note


def another_way(factory):
    """Right."""
    first = Deferred()

    def note(protocol):
        if protocol is not None:
            after(protocol, "connectionMade", lambda: first.called or first.callback(protocol))

    watched(factory, note)
    return first


def too_early(factory):
    first = Deferred()
    watched(factory, lambda built: None if first.called or built is None else first.callback(built))
    return first


def each_time(factory):
    first = Deferred()

    def note(protocol):
        if protocol is not None:
            after(protocol, "connectionMade", lambda: first.callback(protocol))

    watched(factory, note)
    return first


def needs_a_protocol(factory):
    first = Deferred()

    def fire(protocol):
        if not first.called:
            first.callback(protocol)

    watched(factory, lambda built: after(built, "connectionMade", lambda: fire(built)))
    return first


def refused_counts(factory):
    first = Deferred()

    def note(protocol):
        if protocol is None and not first.called:
            first.callback(None)
        elif protocol is not None:
            after(protocol, "connectionMade", lambda: first.called or first.callback(protocol))

    watched(factory, note)
    return first


def builds_nothing(factory):
    first, build = another_way(factory), factory.buildProtocol
    factory.buildProtocol = lambda address: build(address) and None
    return first


def never(what):
    return Deferred()


async def _one_by_one(ends):
    for end in ends:
        await end


def one_by_one(ends):
    """Right: whatever the order in which they fire, it waits for each in the list."""
    return Deferred.fromCoroutine(_one_by_one(list(ends)))


def first_is_enough(ends):
    waiting = DeferredList(list(ends), fireOnOneCallback=True)
    return waiting.addCallback(lambda _: None)


def last_in_the_list(ends):
    return [succeed(None), *ends][-1].addCallback(lambda _: None)


def two_are_enough(ends):
    return gatherResults(list(ends)[:2]).addCallback(lambda _: None)


def only_looks(ends):
    return gatherResults([end for end in ends if end.called]).addCallback(lambda _: None)


def never_for_none(ends):
    ends = list(ends)
    return one_by_one(ends) if ends else Deferred()
