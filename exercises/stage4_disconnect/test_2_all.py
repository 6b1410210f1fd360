"""All three ends, in every order: on Deferreds that the test fires."""

import gc
from itertools import combinations, permutations

from twisted.internet.defer import Deferred, fail, succeed

from .fakes import ERRORS, EXCEPTIONS, RESULTS, THREE, Case
from .teardown import all_of


def so_far(names):
    """What has ended, in words."""
    return f"after {', then '.join(names)}" if names else "before any of the three"


class Step05All(Case):
    """All of several Deferreds are waited for, in whatever order they fire.

    Write the first part of all_of(), in teardown.py: set waiting to a Deferred that fires with
    None after the last of the ends has fired, whatever their results. Those that have fired
    already are not waited for; if there are none at all, it has fired already. ends may be any
    iterable, of any length.
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
        """Deferreds that have fired already are not waited for."""
        for count in range(4):
            for over in combinations(THREE, count):
                ends = {name: succeed(None) if name in over else Deferred() for name in THREE}
                waiting = all_of(ends.values())
                were = f"{', '.join(over) or 'none of the three'} had fired before"
                for name in THREE:
                    if name not in over:
                        self.assert_pending(waiting, f"before {name}, if {were}")
                        ends[name].callback(None)
                self.assert_done(waiting, f"after the others, if {were}")

    def test_none(self):
        """If there are none, it has fired already."""
        self.assert_done(all_of([]), "for no ends at all")

    def test_any_number(self):
        """It waits for any number of Deferreds, from any iterable."""
        ends = [Deferred() for _ in range(30)]
        waiting = all_of(end for end in ends)
        for end in reversed(ends):
            self.assert_pending(waiting, "before the last of 30")
            end.callback(None)
        self.assert_done(waiting, "after the last of 30")


class Step06Failures(Case):
    """A failure is reported after all have ended.

    Write the second part of all_of(), in teardown.py. If one of the ends fails, all_of still
    waits for the rest, and then fails with that failure. If several fail, it fails with the first
    in the list, which need not be the first in time. It handles every failure, so that no
    Deferred is left with one.
    """

    def tearDown(self):
        # Only test_none_is_left is about failures that nobody has handled.
        gc.collect()
        self.flushLoggedErrors()

    def go(self, order, fails):
        """Fire them in this order, those in fails with their exceptions. Returns all_of's Deferred."""
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
        """A failure is reported after the last has ended, whichever of them fails, in each of the six orders."""
        for order in permutations(THREE):
            for name in THREE:
                error = OSError(f"{name} failed")
                waiting = self.go(order, {name: error})
                self.assert_failed(waiting, error, so_far(order))

    def test_several(self):
        """If several fail, the first in the list is reported, in whatever order they ended."""
        for order in permutations(THREE):
            for several in (*combinations(THREE, 2), THREE):
                errors = {name: OSError(f"{name} failed") for name in several}
                waiting = self.go(order, errors)
                when = f"{so_far(order)}, if {', '.join(several)} fail, in this order in the list"
                self.assert_failed(waiting, errors[several[0]], when)
        for first, second in permutations(ERRORS, 2):
            waiting = all_of([succeed(None), fail(first), fail(second)])
            self.assert_failed(waiting, first, f"if {second!r} comes second in the list")

    def test_any_failure(self):
        """Any exception is reported as it is."""
        for error in EXCEPTIONS:
            for name in THREE:
                waiting = self.go(THREE, {name: error})
                self.assert_failed(waiting, error, f"{so_far(THREE)}, if {name} fails")

    def test_no_failure(self):
        """A result is not a failure, even if it is an exception."""
        for result in RESULTS:
            ends = [succeed(result), Deferred()]
            waiting = all_of(ends)
            ends[1].callback(result)
            self.assert_done(waiting, f"if the result of each is {result!r}")

    def test_failed_before(self):
        """If one has failed already, the others are still waited for, and the first in the list is still reported."""
        first, second = OSError("the first"), OSError("the second")
        for fails in (False, True):
            end = Deferred()
            waiting = all_of([end, fail(second)])
            self.assert_pending(
                waiting, "when the second has failed already, and the first has no result"
            )
            end.errback(first) if fails else end.callback(None)
            when = f"when the first has {'failed' if fails else 'ended'} too"
            self.assert_failed(waiting, first if fails else second, when)

    def test_none_is_left(self):
        """No failure is left in a Deferred, to be logged during a later test."""
        self.look(
            self.go(THREE, {name: OSError(f"{name} failed") for name in THREE}), "from all_of()"
        )
        self.assert_nothing_logged("when all three have failed")
