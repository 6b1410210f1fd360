"""The page runs plain trial, and hunts, on what is in hand; commands in texts can be pressed."""

# ruff: noqa: F811 (fixtures are imported)
from __future__ import annotations

from playwright.sync_api import expect
from test_http_browser import pytestmark  # noqa: F401
from web_page import (  # noqa: F401
    PASSES,
    STAGE,
    Visit,
    browser,
    code,
    site,
    tab,
    visit,
)


def test_trial_that_finds_nothing(visit: Visit) -> None:
    """If a browser lacks what a stage's tests need, a sentence says so below what trial prints."""
    page = visit.page("stage7_everywhere")
    visit.python.answers["trial"] = {"text": "Ran 0 tests in 0.000s\n\nPASSED\n", "exit": 0}
    page.locator("#run-trial").click()
    expect(page.locator("#trial .elsewhere")).to_contain_text("needs a machine")


def test_trial_that_does_not_run(visit: Visit) -> None:
    """If Python cannot run, or is stopped, the panel says so, and waits for nothing."""
    page = visit.page(f"{STAGE}/1", before="delete window.WebAssembly")
    page.locator("#run-trial").click()
    expect(page.locator("#trial")).to_have_text("Nothing was run.")
    other = visit.page(f"{STAGE}/1")
    visit.python.answers["trial"] = None
    other.locator("#run-trial").click()
    other.get_by_role("button", name="Stop").click()
    expect(other.locator("#trial")).to_have_text("Stopped.")


def test_commands_in_texts(visit: Visit) -> None:
    """A command in a text can be pressed: trial with what it names and the options that a page has; run; hint."""
    page = visit.page("stage1_trial")
    visit.python.answers = {"trial": {"text": "PASSED\n", "exit": 0}, "run": PASSES}
    page.get_by_role("button", name="Trial look.Forgotten", exact=True).click()
    expect(page.locator("#trial")).to_contain_text("PASSED")
    assert visit.python.asked[-1][1] == {"target": "exercises.stage1_trial.look.Forgotten"}
    page.get_by_role("button", name="Trial --force-gc look.Forgotten").click()
    expect(page.locator("#trial code")).to_contain_text("--force-gc")
    expect(page.locator("#run")).to_be_enabled()
    target = "exercises.stage1_trial.look.Forgotten"
    assert visit.python.asked[-1][1] == {"target": target, "options": ["--force-gc"]}
    page.locator("#read").get_by_role("button", name="Run", exact=True).click()
    expect(page.locator("#run")).to_be_enabled()
    assert visit.python.asked[-1] == ("run", {"stage": "stage1_trial"})


def test_in_hand(visit: Visit) -> None:
    """Hunt and Trial take the tests that are open; else those of the step; else the stage."""
    page = visit.page("stage9_clinic/1")
    visit.python.answers["hunt"] = {"text": "Passes.\n", "exit": 0}
    visit.python.answers["trial"] = {"text": "PASSED\n", "exit": 0}

    def taken(button: str) -> str:
        page.get_by_role("button", name=button, exact=True).click()
        expect(page.locator("#run")).to_be_enabled()
        return str(visit.python.asked[-1][1]["target"])

    assert page.get_by_role("tab", name="scoreboard.py", exact=True).get_attribute("aria-selected")
    assert taken("Hunt") == taken("Trial") == "exercises.stage9_clinic.test_scoreboard"
    page.goto(f"{visit.site}#stage4_disconnect/3")
    assert taken("Hunt") == "stage4_disconnect"
    assert taken("Trial") == "exercises.stage4_disconnect.test_1_factories.Step03Factory"
    page.goto(f"{visit.site}#file/exercises/stage4_disconnect/gallery.py")
    assert taken("Hunt") == taken("Trial") == "exercises.stage4_disconnect.gallery"
    page.goto(f"{visit.site}#file/exercises/wire.py")
    assert taken("Trial") == "exercises.stage4_disconnect.test_1_factories.Step03Factory"


def test_trial(visit: Visit) -> None:
    """Plain trial on the tests that are open, by button, menu or key; its words are shown as they are, with doors."""
    page = visit.page(f"{STAGE}/2")
    log = "--> a test <--\nNo rose today.\n"
    at = '  File "/course/exercises/stage0_setup/test_yours.py", line 7, in test_poem'
    visit.python.answers["trial"] = {
        "text": f"{at}\nFAILED (failures=1)\n",
        "exit": 1,
        "data": {"log": log},
    }
    page.get_by_role("tab", name="test_yours.py").click()
    page.keyboard.press("Control+Shift+Enter")
    shown = page.locator("#trial")
    expect(shown).to_contain_text("FAILED (failures=1)")
    expect(shown).to_contain_text("trial exercises.stage0_setup.test_yours")
    assert visit.python.asked == [("trial", {"target": "exercises.stage0_setup.test_yours"})]
    expect(page.get_by_role("status").last).to_contain_text("FAILED (failures=1)")
    expect(shown).not_to_contain_text("No rose today.", use_inner_text=True)
    shown.get_by_text("_trial_temp/test.log").click()
    expect(shown).to_contain_text("No rose today.", use_inner_text=True)
    shown.get_by_role("button", name='test_yours.py", line 7').click()
    assert page.evaluate("document.activeElement.className.includes('cm-content')")
    expect(page.locator(".cm-marked")).to_have_count(1)
    page.get_by_label("Menu").click()
    page.get_by_role("button", name="Run trial on the open tests").click()
    expect(page.locator("#run")).to_be_enabled()
    assert len(visit.python.asked) == 2
    # In the editor, too, and nothing is typed there.
    page.locator(".cm-content").click()
    before = code(page)
    page.keyboard.press("Control+Shift+Enter")
    expect(shown.get_by_text("_trial_temp/test.log")).to_be_visible()
    expect(page.locator("#run")).to_be_enabled()
    assert [name for name, _ in visit.python.asked] == ["trial"] * 3
    assert code(page) == before
