"""The page in headless Chromium, with a stand-in for the interpreter: what its buttons do, and what it says."""

# ruff: noqa: F811 (fixtures are imported)
from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect
from test_http_browser import pytestmark  # noqa: F401
from web_page import (  # noqa: F401
    FAILS,
    FILE,
    MINE,
    PASSES,
    ROWS,
    STAGE,
    Python,
    Visit,
    _step,
    browser,
    code,
    exported,
    notice,
    site,
    tab,
    visit,
    write,
)


def test_run(visit: Visit) -> None:
    """Ctrl-Enter saves and runs what was typed; the words are shown and heard; ticks follow, until a file changes."""
    page = visit.page(f"{STAGE}/1")
    visit.python.answers["run"] = FAILS
    write(page)
    page.keyboard.press("Control+Enter")
    expect(page.locator("#verdict pre")).to_contain_text("A text becomes <bytes>.")
    expect(page.get_by_role("status").last).to_contain_text("Expected b'poem\\r\\n'; it returned")
    assert visit.python.asked == [("run", {"stage": STAGE})]
    assert visit.python.files[FILE] == MINE
    states = page.locator("#steps .cell[data-state]")
    assert [one.get_attribute("data-state") for one in states.all()] == ["passes", "fails", "todo"]
    page.locator("#verdict").get_by_role("button", name=f"{FILE}, line 4").click()
    assert page.evaluate("document.activeElement.className.includes('cm-content')")
    hint = {"text": "Question (1 of 3)\n", "exit": 0}
    visit.python.answers["hint"] = hint
    page.get_by_role("button", name="python3 -m workshop hint stage0_setup 1").click()
    expect(page.locator("#hints pre")).to_contain_text("Question (1 of 3)")
    assert page.get_by_role("button", name="python3 -m workshop run stage0_setup").count() == 0
    assert visit.python.asked[1:] == [("hint", {"stage": STAGE, "step": "1"})]
    second = [_step(0, "passes", "passed"), _step(1, "passes"), _step(2, "fails", "failed")]
    visit.python.answers["run"] = {**FAILS, "data": {"passed": False, "steps": second}}
    page.locator("#run").click()
    expect(page.locator(".said")).to_contain_text("Step 1 passes.")
    expect(page.locator("#verdict").get_by_role("link", name="Next: step 2")).to_be_visible()
    visit.python.answers["run"] = PASSES
    page.locator("#run").click()
    expect(page.locator(".said")).to_contain_text("Stage 0 passes, all of it.")
    page.locator("#verdict").get_by_role("link", name="Next: stage 1").click()
    expect(page.locator("#steps .cell").first).to_have_text("Stage 1")
    page.locator(".brand").click()
    expect(page.locator(f'[data-stage="{STAGE}"]')).to_have_attribute("data-passed", "true")
    page.goto(f"{visit.site}#{STAGE}/1")
    write(page, "x = 1\n")
    expect(states.nth(1)).to_have_attribute("data-state", "stale")
    # Of the others it is still known that they passed once.
    only = {"passed": True, "steps": [_step(1, "passes", "passed")]}
    visit.python.answers["run"] = {"text": "step 1 passes\n", "exit": 0, "data": only}
    page.get_by_role("button", name="Only step 1").click()
    expect(page.locator(".said")).to_contain_text("Step 1 passes.")
    shown = [one.get_attribute("data-state") for one in states.all()]
    assert shown == ["stale", "passes", "stale"]
    page.locator(".brand").click()
    expect(page.locator('[data-passed="true"]')).to_have_count(0)


def test_broken_off(visit: Visit) -> None:
    """After an endless loop, or a syntax error, the sentence that says so is in view and its line marked."""
    page = visit.page(f"{STAGE}/1")
    rows = [f"  Step {n:2}  Name             not run" for n in range(40)]
    said = f"{FILE}, line 4: still running after 10 s: a loop or a wait that never ends?"
    printed = [f"  hello {n}" for n in range(40)]
    data = {"passed": False, "broken_off": True, "steps": [_step(1, "fails")]}
    answers = visit.python.answers
    answers["run"] = {"text": "\n".join(["Title", "", *rows, "", said, *printed]), "data": data}
    write(page, "a = 1\nb = 2\nc = 3\nd = 4\n")
    page.locator("#run").click()
    expect(page.locator(".said strong")).to_have_text("Step 1 is broken off.")
    expect(page.locator(".cm-marked")).to_have_text("d = 4")
    line = page.locator("#verdict").get_by_role("button", name=f"{FILE}, line 4")
    shown, panel, head = (
        one.bounding_box() for one in (line, page.locator("#verdict"), page.locator(".said"))
    )
    assert shown and panel and head
    assert head["y"] + head["height"] <= shown["y"] <= head["y"] + head["height"] + 40
    assert shown["y"] + shown["height"] <= panel["y"] + panel["height"]
    wrong = {**FAILS["data"], "unloaded": True}
    answers["run"] = {**FAILS, "data": wrong}
    page.locator("#run").click()
    expect(page.locator(".said strong")).to_have_text("Step 1 fails: its tests cannot be loaded.")


def test_typing_goes_on(visit: Visit) -> None:
    """A red run marks the line to edit; the caret stays, so that what is typed next follows what was typed before."""
    page = visit.page(f"{STAGE}/1")
    visit.python.answers["run"] = FAILS
    write(page, "a = 1\nb = 2\nc = 3\nd = 4\ne = ")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".cm-marked")).to_have_text("d = 4")
    page.keyboard.type("5")
    assert code(page) == "a = 1\nb = 2\nc = 3\nd = 4\ne = 5"


def test_commands(visit: Visit) -> None:
    """Hints come one by one; the reference after asking; a reset asks first, and can be undone; Stop ends a run."""
    page = visit.page(f"{STAGE}/1")
    answers = visit.python.answers
    page.get_by_role("button", name="Solution").click()
    expect(page.locator("dialog")).to_contain_text("Have you had all the hints?")
    page.get_by_role("button", name="Not yet").click()
    for n in (1, 2, 3):
        end = "That is all." if n == 3 else f"More: python3 -m workshop hint {STAGE} 1"
        answers["hint"] = {"text": f"Tier ({n} of 3)\n{end}\n", "exit": 0}
        page.get_by_role("button", name="Hint" if n == 1 else "The next hint", exact=True).click()
        expect(page.locator("#hints pre")).to_have_count(n)
    expect(page.get_by_role("button", name="The next hint")).to_have_count(0)
    # The button is there for that.
    expect(page.locator("#hints")).not_to_contain_text("More:")
    answers["hint"] = {"text": "Tier (1 of 3)\nTier (2 of 3)\nThat is all.\n", "exit": 0}
    page.get_by_role("button", name="Hint", exact=True).click()
    expect(page.locator("#hints pre")).to_have_count(1)

    write(page)
    page.get_by_role("button", name="Solution").click()
    expect(page.locator("dialog")).to_contain_text("You see how the course itself solves this")
    expect(page.locator("dialog")).not_to_contain_text("all the hints")
    page.get_by_role("button", name="Not yet").click()
    answers["solution"] = {"text": "-mine\n+theirs\n", "exit": 0}
    page.get_by_role("button", name="Solution").click()
    page.get_by_role("button", name="Up to step 1").click()
    expect(page.locator("#difference pre")).to_contain_text("+theirs")
    assert [words for name, words in visit.python.asked if name == "solution"] == [
        {"stage": STAGE, "upto": "1"}
    ]

    saved = f".workshop/saved/2026-01-02-030405/{FILE}"
    answers["reset"] = {"text": "The starter is in place.\n", "files": {FILE: "S\n", saved: MINE}}
    for button in ("Keep my files", "Reset"):
        page.get_by_label("Menu").click()
        page.get_by_role("button", name="Reset this stage").click()
        assert code(page) == MINE
        page.get_by_role("button", name=button, exact=True).click()
    expect(notice(page)).to_contain_text("your files are saved")
    assert code(page) == "S\n"
    page.get_by_role("button", name="Bring my files back").click()
    expect(notice(page)).to_contain_text("Your files are back: lines.py.")
    assert code(page) == MINE
    expect(page.locator("#verdict")).not_to_contain_text("The starter is in place")
    page.locator("#steps").get_by_role("link", name="Step 2").click()
    expect(notice(page)).to_have_count(0)

    answers["run"] = None
    page.locator("#run").click()
    page.get_by_role("button", name="Stop").click()
    expect(page.locator(".said")).to_contain_text("Stopped.")
    answers["run"] = FAILS
    page.locator("#run").click()
    expect(page.locator(".said")).to_contain_text("Step 1 fails")


@pytest.mark.parametrize("button", ["run", "check"])
def test_stop_before_it_runs(visit: Visit, button: str) -> None:
    """What waits until Python is loaded can be stopped, and is not run later."""
    page = visit.page(
        f"{STAGE}/1", before="window.loading = new Promise(load => window.load = load)"
    )
    visit.python.answers["run"] = PASSES
    write(page)
    if button == "check":
        page.locator(".brand").click()
    page.locator(f"#{button}").click()
    page.locator("#stop" if button == "run" else "#check").click()
    expect(page.locator("#stop")).to_be_hidden()
    if button == "run":
        expect(page.locator(".said")).to_contain_text("Stopped.")
    else:
        expect(page.locator("#check")).to_have_text("Run what has changed")
    page.evaluate("window.load()")
    expect(page.locator("#state")).to_have_attribute("data-state", "ready")
    assert visit.python.asked == []
    page.locator(f"#{button}").click()
    # Each says when its own run is over; during that of the other it looks as if nothing ran.
    expect(page.locator("#stop")).to_be_hidden()
    expect(page.locator("#check")).to_have_text("Run what has changed")
    assert visit.python.asked == [("run", {"stage": STAGE})]


def test_run_what_has_changed(visit: Visit) -> None:
    """One button on the first page runs each stage whose files have changed since they were run, and can be stopped."""
    page = visit.page(f"{STAGE}/1")
    visit.python.answers["run"] = PASSES
    write(page)
    page.goto(f"{visit.site}#stage2_poetry/1")
    write(page)
    page.locator(".brand").click()
    button = page.get_by_role("button", name="Run what has changed")
    button.click()
    expect(page.locator("#checked")).to_have_text("Everything you changed has been run.")
    expect(page.locator('[data-passed="true"]')).to_have_count(2)
    runs = [("run", {"stage": STAGE}), ("run", {"stage": "stage2_poetry"})]
    assert visit.python.asked == runs
    button.click()
    expect(page.locator("#checked")).to_have_text("Nothing has changed since it was run.")
    page.goto(f"{visit.site}#{STAGE}/1")
    write(page, "x = 1\n")
    page.locator(".brand").click()
    visit.python.answers["run"] = None
    button.click()
    expect(page.locator("#state")).to_have_attribute("data-state", "busy")
    page.get_by_role("button", name="Stop: stage 0 is running").click()
    expect(button).to_be_visible()
    assert len(visit.python.asked) == 3


def test_judged(visit: Visit) -> None:
    """A stage whose tests the learner writes has the verdict on them; what is caught gets a tick."""
    page = visit.page("stage5_transform/4")
    kinds = [{"number": n, "status": "fails" if n == 4 else "passes"} for n in range(1, 13)]
    data = {"passed": False, "steps": kinds}
    visit.python.answers["run"] = {"text": "Not caught yet, number 4\n", "data": data}
    page.locator("#run").click()
    expect(page.locator(".said")).to_contain_text("11 of 12 kinds of mistake are caught.")
    states = [one.get_attribute("data-state") for one in page.locator("#steps [data-state]").all()]
    assert states == ["passes"] * 3 + ["todo"] + ["passes"] * 8
    page.goto(f"{visit.site}#stage5_transform/3")
    page.locator("#run").click()
    expect(page.locator(".said strong")).to_have_text("Number 3 is caught: 11 of 12 are.")
    page.locator(".said").get_by_role("link", name="Next: number 4").click()
    expect(page.locator(".step-head")).to_contain_text("Number 4")
    expect(page.locator("#read h2", has_text="Number 4: letters")).to_be_visible()
    expect(page.locator(".cm-activeLine")).to_contain_text("# Step 4: letters")


def test_a_number_of_stage_1(visit: Visit) -> None:
    """A number's page has its row of the table, and leads to its test, where the editor is, too."""
    page = visit.page("stage1_trial/6")
    expect(page.locator(".cm-activeLine")).to_contain_text("# Number 6")
    rows = page.locator("#read tbody tr:visible")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("_is_fresh returns False")
    expect(page.locator("#read")).not_to_contain_text("How trial waits")
    page.get_by_role("tab", name="cache.py", exact=True).click()
    page.get_by_role("button", name="The test: test_kept").click()
    expect(page.locator(".cm-activeLine")).to_contain_text("# Number 6")
    page.get_by_role("button", name="Show the whole page").click()
    expect(page.locator("#read")).to_contain_text("How trial waits")
    assert rows.count() > 12
    page.goto(f"{visit.site}#stage7_everywhere/3")
    item = page.locator("#read ol > li")
    expect(item).to_have_count(1)
    expect(item).to_contain_text("A failed attempt.")


def test_one_number(visit: Visit) -> None:
    """A run of one number says whether that one is caught; ticks of the others stay as they were."""
    page = visit.page("stage5_transform/4")
    states = page.locator("#steps [data-state]")

    def runs(status: str, said: str, passed: bool = False) -> list[str | None]:
        data = {"passed": passed, "steps": [{"number": 4, "status": status}]}
        visit.python.answers["run"] = {"text": "said\n", "data": data}
        page.locator("#run-step").click()
        expect(page.locator(".said")).to_contain_text(said)
        return [one.get_attribute("data-state") for one in states.all()]

    todo = ["todo"] * 12
    assert runs("fails", "Number 4 is not caught yet.") == todo
    caught = [*todo[:3], "passes", *todo[4:]]
    assert runs("passes", "Number 4 is caught.", True) == caught
    assert runs("passes", "Number 4 is caught; something else is left.") == caught
    assert runs("fails", "Number 4 is not caught yet.") == todo
    assert visit.python.asked[-1] == ("run", {"stage": "stage5_transform", "step": "4"})


def test_needs_a_machine(visit: Visit) -> None:
    """A stage of which nothing runs here says so on the map, on each of its steps, and when Run is pressed."""
    page = visit.page()
    for name in ("stage7_everywhere", "stage8_daemon"):
        expect(page.locator(f'[data-stage="{name}"] .about')).to_contain_text("needs a machine")
    expect(page.locator("#map").get_by_text("needs a machine")).to_have_count(2)
    page.goto(f"{visit.site}#stage8_daemon/3")
    expect(page.locator("#read .elsewhere")).to_contain_text("python3 -m workshop run stage8")
    data = {"stage": "stage8_daemon", "passed": False, "away": True, "steps": []}
    visit.python.answers["run"] = {"text": "Nothing was run.\n", "data": data, "exit": 1}
    page.locator("#run").click()
    expect(page.locator(".said")).to_contain_text("This stage needs a machine.")
    expect(page.locator(".said")).to_have_attribute("data-good", "null")
    expect(page.locator("#hunt")).to_be_hidden()
    page.goto(f"{visit.site}#stage4_disconnect/1")
    expect(page.locator(".step-head")).to_be_visible()
    expect(page.locator("#read .elsewhere")).to_have_count(0)


def test_timeline(visit: Visit) -> None:
    """A hunt's events are drawn: a lane for each end, an arrow for all bytes, the weather; and said in words."""
    page = visit.page("stage9_clinic/1")
    name = "exercises.stage9_clinic.test_scoreboard.Scoreboard.test_score"
    data = {"test": name, "rows": ROWS}
    visit.python.answers["hunt"] = {"text": "History 5 fails.\n", "data": data}
    page.get_by_role("tab", name="test_scoreboard.py").click()
    page.get_by_role("button", name="Hunt").click()
    drawing = page.locator("svg.timeline")
    expect(page.locator("#timeline > :first-child")).to_have_text("Scoreboard.test_score fails")
    expect(drawing.locator(".name")).to_have_text(["test", "1.client", "1.server"])
    assert visit.python.asked[-1] == ("hunt", {"target": "exercises.stage9_clinic.test_scoreboard"})
    kinds = [str(one.get_attribute("class")) for one in drawing.locator(".arrow").all()]
    assert sorted(kinds) == ["arrow asks", *["arrow bytes"] * 3, "arrow end"]
    over = re.match(r"M\S+ (\d+)l", str(drawing.locator(".over").get_attribute("d")))
    end = drawing.locator(".arrow.end")
    assert over and int(over[1]) + 5 == int(str(end.get_attribute("y1")))
    expect(drawing.locator(".weather")).to_have_count(1)
    expect(drawing.locator(".later")).to_have_text(["+ 100 ms"])
    assert "1.server sends 24 bytes" in str(drawing.locator("desc").text_content())


NO_MODULES = """
    const Plain = Worker;
    window.Worker = function (url) { return new Plain(url); };
"""


@pytest.mark.parametrize(
    ("before", "says"),
    [
        ("delete window.WebAssembly", "This browser has no WebAssembly, so Python cannot run"),
        (NO_MODULES, "This browser has no module workers, so Python cannot run"),
        ("window.startFails = true", "Python did not start (no Python today)"),
    ],
    ids=["no WebAssembly", "no module workers", "no start"],
)
def test_python_that_cannot_run(visit: Visit, before: str, says: str) -> None:
    """One sentence says so; reading, editing and exporting work."""
    page = visit.page(f"{STAGE}/1", before=before)
    expect(notice(page)).to_contain_text(says)
    write(page)
    page.locator("#run").click()
    expect(page.locator("#verdict")).to_contain_text("Nothing was run.")
    assert exported(page)[FILE] == MINE.encode()


def test_on_to_the_next_step(visit: Visit) -> None:
    """The link to the next step leads to its heading, and leaves no link to itself behind."""
    page = visit.page(f"{STAGE}/1")
    steps = [_step(1, "passes", "passed"), _step(2, "fails", "failed")]
    visit.python.answers["run"] = {**FAILS, "data": {"passed": False, "steps": steps}}
    page.locator("#run").click()
    link = page.locator("#verdict").get_by_role("link", name="Next: step 2")
    link.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".step-head h2")).to_be_focused()
    expect(page.locator(".step-head .number")).to_have_text("Step 2")
    expect(link).to_have_count(0)
    expect(page.locator(".said")).to_contain_text("Step 2 fails: 1 of 1 test.")


def test_buttons_of_a_text(visit: Visit) -> None:
    """A command in a text is a button: it goes to its step, and does what the command does."""
    page = visit.page("stage5_transform")
    asked = visit.python.asked
    kinds = [{"number": n, "status": "passes" if n < 2 else "fails"} for n in (1, 2)]
    data = {"passed": False, "steps": kinds}
    visit.python.answers["run"] = {"text": "said\n", "data": data}
    page.locator("#read").get_by_role("button", name="Only numbers 1-2").click()
    expect(page.locator(".said")).to_contain_text("Numbers 1-2: 1 of 2 kinds of mistake are caught")
    assert asked == [("run", {"stage": "stage5_transform", "step": "1-2"})]
    expect(page.locator(".step-head .number")).to_contain_text("Number 1")
    page.goto(f"{visit.site}#stage2_poetry")
    visit.python.answers["hint"] = {"text": "Question (1 of 3)\n", "exit": 0}
    page.locator("#read").get_by_role("button", name="Hint for step 3").click()
    expect(page.locator("#hints pre")).to_contain_text("Question")
    assert asked[1:] == [("hint", {"stage": "stage2_poetry", "step": "3"})]
    page.goto(f"{visit.site}#stage0_setup/1")
    page.locator("#read").get_by_role("link", name="test_setup.Step01Line").click()
    expect(page.locator(".cm-activeLine")).to_contain_text("class Step01Line")
    page.goto(visit.site)
    page.get_by_role("link", name="Credits").click()
    expect(page.locator("#page h1")).to_have_text("Credits")


def test_an_old_browser(visit: Visit) -> None:
    """A browser that cannot load the editor's modules gets one sentence."""
    page = visit.page(before="HTMLScriptElement.supports = () => false")
    expect(page.locator("#notices")).to_contain_text("This browser is too old")
