"""All three ends, in each order in which they can come: on Deferreds that the test fires."""

import gc
from itertools import combinations, permutations

from twisted.internet.defer import Deferred, fail, succeed

from .fakes import ERRORS, EXCEPTIONS, RESULTS, THREE, Case
from .teardown import all_of


def so_far(names):
    """What has ended, in words."""
    return f"after {', then '.join(names)}" if names else "before any of the three"


class Step05All(Case):
    """All three are waited for, in whichever order they end.

    Write the first part of all_of(), in teardown.py: a Deferred that fires after the last of the
    ends. Nobody can know which is the last. On a quiet machine it is nearly always the same one,
    so a test over real connections would hardly see the other orders; here are all six.
    """

    def test_six_orders(self):
        """After each of the first two events there is no result; after the third there is, in each of the six orders."""
        for order in permutations(THREE):
            ends = {name: Deferred() for name in THREE}
            waiting = all_of(ends.values())
            for number, name in enumerate(order):
                self.assert_pending(waiting, so_far(order[:number]))
                ends[name].callback(name)
            self.assert_done(waiting, f"{so_far(order)}, whatever their results")

    def test_some_have_fired(self):
        """What has ended already is not waited for."""
        for count in range(4):
            for over in combinations(THREE, count):
                ends = {name: succeed(None) if name in over else Deferred() for name in THREE}
                waiting = all_of(ends.values())
                were = f"{', '.join(over) or 'none of the three'} had fired before"
                for name in THREE:
                    if name not in over:
                        self.assert_pending(waiting, f"before {name}, where {were}")
                        ends[name].callback(None)
                self.assert_done(waiting, f"after the others, where {were}")

    def test_none(self):
        """If there is nothing to wait for, it has fired already."""
        self.assert_done(all_of([]), "for no ends at all")

    def test_any_number(self):
        """It waits for as many as there are, from any iterable."""
        ends = [Deferred() for _ in range(30)]
        waiting = all_of(end for end in ends)
        for end in reversed(ends):
            self.assert_pending(waiting, "before the last of 30")
            end.callback(None)
        self.assert_done(waiting, "after the last of 30")


class Step06Failures(Case):
    """A failure is reported, after all have ended.

    Write the second part of all_of(), in teardown.py. If waiting stopped at the first failure,
    what is still open would be left to the next test; if a failure were dropped, nobody would
    hear of it. So wait for the rest, then fail with it. Where several fail, the first of the list
    is reported. All of them are handled: a Deferred that is deleted with a failure of which
    nobody took care logs it, and trial then fails whichever test runs at that moment.
    """

    def tearDown(self):
        # Failures that nobody handled are the matter of test_none_is_left alone.
        gc.collect()
        self.flushLoggedErrors()

    def go(self, order, fails):
        """Let them end in this order, those in fails with their exceptions. Returns the Deferred that waits."""
        ends = {name: Deferred() for name in THREE}
        waiting = all_of(ends.values())
        for number, name in enumerate(order):
            failed = [n for n in order[:number] if n in fails]
            self.assert_pending(waiting, f"{so_far(order[:number])} ({failed or 'none'} failed)")
            if name in fails:
                ends[name].errback(fails[name])
            else:
                ends[name].callback(None)
        return waiting

    def test_one(self):
        """One that fails is reported after the last has ended, whichever it is, in each of the six orders."""
        for order in permutations(THREE):
            for name in THREE:
                error = OSError(f"{name} failed")
                waiting = self.go(order, {name: error})
                self.assert_failed(waiting, error, so_far(order))

    def test_several(self):
        """If several fail, the first of the list is reported, in whichever order they ended."""
        for order in permutations(THREE):
            for several in (*combinations(THREE, 2), THREE):
                errors = {name: OSError(f"{name} failed") for name in several}
                waiting = self.go(order, errors)
                when = f"{so_far(order)}, where {', '.join(several)} fail, listed so"
                self.assert_failed(waiting, errors[several[0]], when)
        for first, second in permutations(ERRORS, 2):
            waiting = all_of([succeed(None), fail(first), fail(second)])
            self.assert_failed(waiting, first, f"where {second!r} comes second")

    def test_any_failure(self):
        """Whatever it is that one fails with, and whichever way the others end, just that is reported."""
        for error in EXCEPTIONS:
            for name in THREE:
                waiting = self.go(THREE, {name: error})
                self.assert_failed(waiting, error, f"{so_far(THREE)}, where {name} fails")

    def test_no_failure(self):
        """A result is no failure, even where it is an exception."""
        for result in RESULTS:
            ends = [succeed(result), Deferred()]
            waiting = all_of(ends)
            ends[1].callback(result)
            self.assert_done(waiting, f"where the result of each is {result!r}")

    def test_failed_before(self):
        """One that has failed already does not end the wait for the others, nor come before its turn."""
        first, second = OSError("the first"), OSError("the second")
        for fails in (False, True):
            end = Deferred()
            waiting = all_of([end, fail(second)])
            self.assert_pending(
                waiting, "where the second has failed already, and the first is open"
            )
            end.errback(first) if fails else end.callback(None)
            when = f"when the first has {'failed' if fails else 'ended'} as well"
            self.assert_failed(waiting, first if fails else second, when)

    def test_none_is_left(self):
        """No failure stays in a Deferred, to be logged during some later test."""
        self.look(
            self.go(THREE, {name: OSError(f"{name} failed") for name in THREE}), "from all_of()"
        )
        self.assert_nothing_logged("when all three have failed")
