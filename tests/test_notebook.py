"""The notebooks' extension, in a real kernel: %%trial, the reactor, callbacks that raise, the last check."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import nbformat
import pytest
from driving import linux, until
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from workshop.notebook import cell
from workshop.notebook.warm import ForkServer

LOAD = "%load_ext workshop.notebook"
HEAD = """%%trial{}
from twisted.trial.unittest import TestCase


class Greets(TestCase):
"""

each_way = pytest.mark.parametrize("warm", [cell.WARM, None], ids=["warm", "cold"])


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NotebookClient]:
    """A kernel for all tests: to start one takes longer than most of them."""
    client = NotebookClient(
        new_notebook(),
        timeout=30,
        kernel_name="python3",
        allow_errors=True,
        resources={"metadata": {"path": str(tmp_path_factory.mktemp("notebook"))}},
    )
    with client.setup_kernel():
        assert run_in(client, LOAD)[0].outputs == []
        yield client


def run_in(client: NotebookClient, *sources: str) -> list[nbformat.NotebookNode]:
    """Run cells as a user would; returns them, with their outputs."""
    client.nb.cells = [new_code_cell(one) for one in sources]
    for n, one in enumerate(client.nb.cells):
        client.execute_cell(one, n)
    return client.nb.cells


Execute = Callable[..., list[nbformat.NotebookNode]]


@pytest.fixture
def execute(client: NotebookClient) -> Execute:
    """Runs cells in that kernel, which knows what other tests have defined."""
    return partial(run_in, client)


def text(one: nbformat.NotebookNode) -> str:
    """What a cell printed."""
    return "".join(out.text for out in one.outputs if out.output_type == "stream")


def error(one: nbformat.NotebookNode) -> str:
    """The exception that a cell failed with, in a line; "" if it did not."""
    return "".join(
        f"{out.ename}: {out.evalue}" for out in one.outputs if out.output_type == "error"
    )


def test_trial(execute: Execute) -> None:
    """%%trial shows trial's verdict; a failing test with the cell's own line numbers, and nothing that changes."""
    passes, fails, again, broken = execute(
        HEAD.format("") + "    def test_one(self):\n        self.assertEqual(1, 1)\n",
        HEAD.format("") + "    async def test_one(self):\n        self.assertEqual(1, 2)\n",
        HEAD.format("") + "    async def test_one(self):\n        self.assertEqual(1, 2)\n",
        HEAD.format("") + "    def test_one(self:\n",
    )
    assert [error(one) for one in (passes, fails, again, broken)] == [""] * 4
    assert text(passes).endswith("Ran 1 tests\n\nPASSED (successes=1)\n")
    assert 'File "this cell", line 7, in test_one\n    self.assertEqual(1, 2)' in text(fails)
    assert text(fails).endswith("Ran 1 tests\n\nFAILED (failures=1)\n")
    assert text(again) == text(fails)
    assert "(this cell, line 6)" in text(broken)
    assert not re.search(r"site-packages|\d+\.\d+s|/tmp", text(fails) + text(broken))


GREEN, RED, END = "\x1b[1;32m", "\x1b[1;31m", "\x1b[0m"


def test_colour(execute: Execute) -> None:
    """[OK] is green; [FAIL] and [ERROR] are red, beside the test and above the reason; the words alone say the same."""
    body = """    def test_1(self):
        print("a list: [OK]?")
    def test_2(self):
        self.fail("[FAIL] is here, and so is [OK]")
    def test_3_with_a_name_that_leaves_trial_no_room_at_all_for_its_verdict_on_the_line(self):
        raise KeyError
"""
    (shown,) = execute(HEAD.format("") + body)
    lines = text(shown).splitlines()
    assert sum(line.endswith(f"{GREEN}[OK]{END}") for line in lines) == 1
    for verdict in ("[FAIL]", "[ERROR]"):
        marked = [line for line in lines if line.endswith(f"{RED}{verdict}{END}")]
        assert len(marked) == 2 and marked[1] == f"{RED}{verdict}{END}"
    assert text(shown).count("\x1b") == 10
    plain = re.sub(r"\x1b\[[\d;]*m", "", text(shown))
    assert plain == cell.run(HEAD.partition("\n")[2] + body)


def test_options(execute: Execute) -> None:
    """trial's options pass through: --reactor, --until-failure with a number, and complaints of others."""
    which = (
        "    def test_one(self):\n        from twisted.internet import reactor\n"
        "        print(type(reactor).__name__)\n"
    )
    counted = "    n = 0\n    def test_one(self):\n        Greets.n += 1\n        self.assertLess(Greets.n, {})\n"
    select, poll, green, red, wrong, limit = execute(
        HEAD.format(" --reactor=select") + which,
        HEAD.format(" --reactor asyncio") + which,
        HEAD.format(" --until-failure 50") + counted.format(51),
        HEAD.format(" --until-failure 50") + counted.format(9),
        HEAD.format(" --dance") + which,
        HEAD.format(" --limit soon") + which,
    )
    assert "SelectReactor" in text(select) and "AsyncioSelectorReactor" in text(poll)
    assert text(green).startswith("Run 50 of at most 50:\n") and "PASSED" in text(green)
    assert text(red).startswith("Run 9 of at most 50:\n") and "FAILED" in text(red)
    assert error(wrong).startswith("NoVerdict") and "--dance" in text(wrong)
    assert error(limit).startswith("Unusable: %%trial --limit soon")


LIMIT = 5
"""Seconds. On a busy machine, trial takes two or three of them before the test begins."""


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("        import time\n        time.sleep(60)\n", "ended at line 8, in test_one."),
        (
            "        from twisted.internet.defer import Deferred\n        return Deferred()\n",
            "ended, while the reactor waited.",
        ),
        (
            "        import signal, time\n        signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
            "        import faulthandler\n        faulthandler.cancel_dump_traceback_later()\n"
            "        time.sleep(60)\n",
            "were ended",
        ),
        ("        import os\n        os._exit(5)\n", "its process ended with 5."),
        ("        while True:\n            print('x' * 999)\n", "print too much"),
    ],
)
@each_way
def test_no_verdict(body: str, why: str, warm: ForkServer | None) -> None:
    """Tests that hang, end their process or print for ever are ended in bounded time, with a word on where."""
    began = time.monotonic()
    source = HEAD.format("").partition("\n")[2] + f"    def test_one(self):\n{body}"
    with pytest.raises(cell.CellTrouble, match=re.escape(why)):
        cell.run(source, limit=LIMIT, warm=warm)
    assert time.monotonic() - began < LIMIT + cell.AFTER + 3


def test_endless_loop() -> None:
    """So is a loop that leaves nothing else of Python a turn. Once: it takes a core until its limit."""
    test_no_verdict("        while True: pass\n", "ended at line 7, in test_one.", cell.WARM)


@each_way
def test_no_test(warm: ForkServer | None) -> None:
    """A cell without a test is no passing cell."""
    with pytest.raises(cell.CellTrouble, match="no test"):
        cell.run("x = 1\n", warm=warm)


def test_both_ways() -> None:
    """With a fork of a warm process and without, a cell's tests are reported in the same words."""
    source = (
        HEAD.partition("\n")[2] + "    async def test_one(self):\n        self.assertIn(1, [2])\n"
    )
    for options in ([], ["--reactor=select", "-u", "3"]):
        assert cell.run(source, options) == cell.run(source, options, warm=None)


def test_order_of_what_is_left(tmp_path: Path) -> None:
    """What differs from run to run is taken out of trial's words: order, numbers of ports, addresses, paths."""
    head = f"Selectables:\n{tmp_path}/cell.py\n"
    one = f"{head}Selectables:\n<<class 'Port'> on 40001>\n<Echo #0 on 4002 at 7f00aa55bb66>\n\nRan 2 tests in 0.1s"
    two = f"{head}Selectables:\n<Echo #0 on 51234 at 7faa00aa55bb>\n<<class 'Port'> on 5003>\n\nRan 2 tests in 7.21s"
    assert cell.normalise(one, tmp_path) == cell.normalise(two, tmp_path)
    assert cell.normalise(one, tmp_path).endswith("on PORT at 0x...>\n\nRan 2 tests\n")


@linux
def test_what_tests_start_is_ended() -> None:
    """A process that a test has started ends with the cell."""
    body = (
        "    def test_one(self):\n        import subprocess, sys\n"
        "        print('pid', subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']).pid)\n"
    )
    for warm in (cell.WARM, None):
        printed = cell.run(HEAD.partition("\n")[2] + body, warm=warm)
        pid = int(re.findall(r"pid (\d+)", printed)[0])
        until(lambda pid=pid: not Path(f"/proc/{pid}/fd").exists(), 5, "the process is there")


def test_hang_in_the_notebook(execute: Execute) -> None:
    """A hang fails its cell, and the notebook goes on."""
    hang, after = execute(
        HEAD.format(" --limit 1.5") + "    def test_one(self):\n        while True: pass\n",
        "1 + 1",
    )
    assert error(hang).startswith("NoVerdict: The tests were not over after 1.5 s")
    assert after.outputs[0].data["text/plain"] == "2"


def test_callbacks(execute: Execute) -> None:
    """An exception in a callback fails the cell that is running, else the next; one that is handled fails none."""
    running, fine, scheduled, following, both, clean = execute(
        "import asyncio\nreactor.callLater(0, lambda: 1 / 0)\nawait asyncio.sleep(0.05)\n7",
        "8",
        "import time\nreactor.callLater(0, {}.pop, 'key')",
        "await asyncio.sleep(0.05)",
        "reactor.callLater(0, lambda: 1 / 0)\nawait asyncio.sleep(0.05)\nint('x')",
        "%nothing_left",
    )
    assert error(running) == "ZeroDivisionError: division by zero"
    assert "In a callback, while this cell ran:" in text(running)
    assert running.outputs[0].data["text/plain"] == "7"
    assert error(fine) == ""
    assert "KeyError" in error(scheduled) + error(following)
    assert error(both).startswith("ValueError") and "ZeroDivisionError" in text(both)
    assert error(clean) == "" and "Nothing is left" in text(clean)


def test_printed_too_late(execute: Execute) -> None:
    """%nothing_left fails where a callback has printed after its cell: no stored output of any cell would have it."""
    fine, _, waits, found, again, _, _, idle = execute(
        "import asyncio\nreactor.callLater(0, print, 'in time')\nawait asyncio.sleep(0.05)",
        "c = reactor.callLater(0.02, print, 'in the next cell')",
        "await asyncio.sleep(0.1)\nprint('its own')",
        "%nothing_left",
        "%nothing_left",
        "c = reactor.callLater(0, print, 'between two cells')",
        "await asyncio.sleep(0.05)",
        "%nothing_left",
    )
    assert "in time" in text(fine) and "its own" in text(waits)
    for one, said in ((found, "in the next cell"), (idle, "between two cells")):
        assert error(one).startswith(f"Left: printed after its cell had ended: '{said}'")
    assert error(again) == ""


def test_leftovers(execute: Execute) -> None:
    """%nothing_left fails where a delayed call, a port or an unhandled failure is left, and only the first time."""
    _, late, after, _, port, _, lost, last = execute(
        "reactor.callLater(60, print)",
        "%nothing_left",
        "%nothing_left",
        "from twisted.internet.protocol import Factory\n"
        "port = reactor.listenTCP(0, Factory(), interface='127.0.0.1')",
        "%nothing_left",
        "from twisted.internet.defer import fail\nx = fail(OSError('nobody looks'))\nx.itself = x\ndel x",
        "%nothing_left",
        "%nothing_left",
    )
    assert error(late) == "Left: in the reactor: a delayed call of print"
    assert error(after) == "" and "Nothing is left" in text(after)
    assert error(port).startswith("Left: in the reactor: ") and "Port" in error(port)
    assert "nobody looks" in error(_) + error(lost)
    assert error(last) == ""


def test_waits(execute: Execute) -> None:
    """within waits for Deferreds and coroutines over a real connection, and no longer than the given time."""
    made, threads, late, wrong, clean = execute(
        "from twisted.internet.defer import Deferred\nfrom twisted.internet.threads import deferToThread\n"
        "async def two():\n    return await deferToThread(lambda: 2)\n"
        "(await within(5, deferToThread(lambda: 1)), await within(5, two()))",
        "import threading\n[t.daemon for t in threading.enumerate() if 'PoolThread' in t.name]",
        "await within(0.05, Deferred())",
        "await within(0.05, 3)",
        "%nothing_left",
    )
    assert made.outputs[0].data["text/plain"] == "(1, 2)"
    # Else a thread of the pool would keep the kernel from ending.
    assert set(threads.outputs[0].data["text/plain"].strip("[]").split(", ")) == {"True"}
    assert error(late) == "TimeoutError: no result after 0.05 s from Deferred()"
    assert error(wrong).startswith("TypeError")
    assert error(clean) == ""


def test_what_did_not_fire(execute: Execute) -> None:
    """within says what has no result, in the cell's own words; of a coroutine, also the innermost line that waits."""
    one, inside, several, before, free, clean = execute(
        "from twisted.internet.threads import deferToThread\nfrom twisted.internet.defer import Deferred\n"
        "over, asked = Deferred(), []\n"
        "before = Deferred(lambda d: asked.append('cancelled'))\nawait within(0.05, over)",
        "async def inner():\n    await over\nasync def outer():\n    return await inner()\n"
        "over = Deferred()\nawait within(\n    0.05,\n    outer(),\n)",
        "await within(0.05, Deferred()), await within(0.05, Deferred())",
        "try:\n    await within(0.05, before)\nexcept TimeoutError:\n    print(asked)",
        "await within(5, deferToThread(int, '6'))",
        "%nothing_left",
    )
    assert error(one) == "TimeoutError: no result after 0.05 s from over"
    assert (
        error(inside)
        == "TimeoutError: no result after 0.05 s from outer(); inner waits at: await over"
    )
    # Which of the two is not known.
    assert error(several) == "TimeoutError: no result after 0.05 s"
    assert text(before) == "['cancelled']\n"
    assert (error(free), error(clean)) == ("", "")


def test_bare_await(execute: Execute) -> None:
    """A bare await of a Deferred says what to write, with the cell's own words; other errors are as they were."""
    plain, inside, fired, other, clean = execute(
        "from twisted.internet.defer import Deferred, succeed\nover = Deferred()\nx = 1 + await over",
        "async def wait():\n    await over\nawait wait()",
        "await succeed(3)",
        "raise RuntimeError('mine')",
        "%nothing_left",
    )
    assert error(plain).startswith("Unusable: await alone cannot wait for a Deferred here")
    assert "Write: await within(5, over)." in error(plain)
    assert "Write: await within(5, wait())." in error(inside)
    assert plain.outputs[-1].traceback == [error(plain)]
    assert fired.outputs[0].data["text/plain"] == "3"
    assert error(other) == "RuntimeError: mine" and len(other.outputs[-1].traceback) > 1
    assert error(clean) == ""


def test_run_and_stop(execute: Execute) -> None:
    """reactor.run, stop and crash do not end the kernel: they say what they did, and how to go on."""
    run, stop, crash, later, after, clean = execute(
        "reactor.run()",
        "reactor.stop()",
        "reactor.crash()",
        "import asyncio\nreactor.callLater(0, reactor.stop)\nawait asyncio.sleep(0.05)",
        "from twisted.internet.task import deferLater\nawait within(5, deferLater(reactor, 0, int, '6'))",
        "%nothing_left",
    )
    assert error(run).startswith("Unusable: reactor.run() did nothing: ")
    assert "await within(5, ...)" in error(run)
    for one, name in ((stop, "stop"), (crash, "crash"), (later, "stop")):
        assert error(one).startswith(f"Unusable: reactor.{name}() did nothing: ")
        assert "Go on with the next cell" in error(one)
    assert "In a callback, while this cell ran:" in text(later)
    assert after.outputs[0].data["text/plain"] == "6"
    assert error(clean) == ""


def test_another_reactor(execute: Execute) -> None:
    """If another reactor came first, %load_ext says so, and what to do; loading twice does no harm."""
    twice = execute("%reload_ext workshop.notebook", "reactor.running", "%nothing_left")
    assert [error(one) for one in twice] == ["", "", ""]
    cells = [new_code_cell("from twisted.internet import reactor"), new_code_cell(LOAD)]
    client = NotebookClient(new_notebook(cells=cells), timeout=30, allow_errors=True)
    client.execute()
    assert "Restart the kernel" in error(cells[1])
