"""The page keeps a learner's work: at each change, beside another tab, out and in as a zip, with a storage that fails."""

# ruff: noqa: F811 (fixtures are imported)
from __future__ import annotations

import json
import re
import zipfile

import pytest
from playwright.sync_api import Dialog, expect
from test_http_browser import pytestmark  # noqa: F401
from web_page import (  # noqa: F401
    FAILS,
    FILE,
    MINE,
    STAGE,
    Python,
    Visit,
    _step,
    axe,
    browser,
    code,
    exported,
    kept,
    notice,
    put_in,
    site,
    tab,
    visit,
    write,
    zipped,
)


def test_kept(visit: Visit) -> None:
    """What was typed, the place and the ticks are there after a reload, at once, and Python gets the files."""
    page = visit.page(f"{STAGE}/1")
    visit.python.answers["run"] = {**FAILS, "files": {".workshop/passed.json": "{}"}}
    write(page)
    page.locator("#run").click()
    expect(page.locator(".said")).to_be_visible()
    write(page, "typed = 'last'\n")
    page.reload()
    page.wait_for_selector("body[data-ready]")
    assert code(page) == "typed = 'last'\n"
    assert page.locator('#steps [data-state="stale"]').count() == 1
    page.locator("#run").click()
    expect(page.locator(".said")).to_be_visible()
    assert visit.python.files[FILE] == "typed = 'last'\n"
    assert visit.python.files[".workshop/passed.json"] == "{}"


def test_two_tabs(visit: Visit) -> None:
    """A second tab says that it can only read; it takes over with all that was typed, and then the first can only read."""
    context = visit.context()
    first = visit.page(f"{STAGE}/1", context)
    second = visit.page(f"{STAGE}/1", context)
    expect(notice(second)).to_contain_text("Your work is open in another tab")
    expect(notice(first)).to_have_count(0)
    starter = code(second)
    write(second, "lost\n")
    assert code(second) == starter
    first.bring_to_front()
    write(first)
    second.bring_to_front()
    second.get_by_role("button", name="Work here").click()
    expect(notice(second)).to_have_count(0)
    assert code(second) == MINE
    expect(notice(first)).to_contain_text("Your work is open in another tab")
    write(second, "second = 2\n")
    kept(second, "second = 2\n")
    first.close()
    third = visit.page(f"{STAGE}/1", context)
    expect(notice(third)).to_have_count(1)


def test_tabs_that_do_not_hear_each_other(visit: Visit) -> None:
    """A tab that slept while another took over cannot overwrite: it says so, and its changes can be exported."""
    context = visit.context()
    # It sleeps: neither another tab nor its own window makes it look who owns the work.
    deaf = """delete window.BroadcastChannel;
      const add = document.addEventListener;
      document.addEventListener = (kind, ...more) =>
        kind === "visibilitychange" || add.call(document, kind, ...more);"""
    first = visit.page(f"{STAGE}/1", context, before=deaf)
    # What it keeps of itself is written, or that write would tell it of the other tab.
    first.evaluate("async () => (await import('./page/app.js')).app.work.save()")
    second = visit.page(f"{STAGE}/1", context, before=deaf)
    write(second)
    kept(second)
    first.bring_to_front()
    write(first, "late = 1\n")
    expect(notice(first)).to_contain_text("Your last changes here were not saved: export them.")
    kept(second)
    assert exported(first)[FILE] == b"late = 1\n"
    first.get_by_role("button", name="Work here").click()
    expect(notice(first)).to_have_count(0)
    assert code(first) == MINE
    first.get_by_label("Menu").click()
    first.get_by_role("button", name="Saved copies").click()
    first.get_by_role("button", name="Bring back").click()
    expect(notice(first)).to_contain_text("Your files are back: lines.py.")
    assert code(first) == "late = 1\n"


def test_out_and_in(visit: Visit) -> None:
    """An export is a zip that another browser takes in whole, and an import says what it left out and can be undone."""
    page = visit.page(f"{STAGE}/1")
    visit.python.answers["run"] = {**FAILS, "files": {".workshop/passed.json": '{"a": {}}'}}
    write(page)
    page.locator("#run").click()
    expect(page.locator(".said")).to_be_visible()
    files = exported(page)
    assert sorted(files) == [".workshop/export.json", ".workshop/passed.json", FILE]
    assert files[FILE] == MINE.encode()
    course = json.loads(page.evaluate("fetch('course.json').then(answer => answer.text())"))
    starters = course["stages"][0]["starters"]
    about = {
        "course": course["title"],
        "version": course["version"],
        "starters": {FILE: starters[FILE]},
    }
    assert json.loads(files[".workshop/export.json"]) == about
    other = visit.page(f"{STAGE}/1")
    write(other, "before = 1\n")
    steps = [{"number": n, "status": "passes" if n < 2 else "todo"} for n in range(3)]
    status = [{"name": STAGE, "passed": False, "steps": steps}]
    visit.python.answers["status"] = {"text": "", "data": status}
    extra = {"exercises/stage0_setup/test_setup.py": "x", "../../evil.py": "x", "a/": ""}
    put_in(other, zipped({**files, **extra}))
    expect(notice(other)).to_contain_text("Imported: 1 file. What was here is saved.")
    expect(notice(other)).to_contain_text("Left out")
    expect(notice(other)).to_contain_text("test_setup.py")
    assert code(other) == MINE
    kept(other)
    states = other.locator("#steps [data-state]")
    expect(states.nth(1)).to_have_attribute("data-state", "passes")
    other.get_by_role("button", name="Bring my files back").click()
    expect(notice(other)).to_contain_text("Your files are back")
    assert code(other) == "before = 1\n"
    put_in(other, zipped({f"trial-by-wire/{FILE}": "whole = 1\n"}, zipfile.ZIP_STORED))
    expect(notice(other)).to_contain_text("Imported: 1 file.")
    assert code(other) == "whole = 1\n"
    other.get_by_label("Close", exact=True).click()
    # Another version, but with the same starter of this file.
    about = {**about, "version": "9.9.9"}
    put_in(other, zipped({FILE: "same = 1\n", ".workshop/export.json": json.dumps(about)}))
    expect(other.locator(".cm-line").first).to_have_text("same = 1")


LATER = """
    window.later = 0;
    const now = Date.now;
    Date.now = () => now() + window.later;
"""


def test_a_copy_of_what_passed(visit: Visit) -> None:
    """When a step passes that did not, the files are copied: what was deleted since, and saved so, can be brought back."""
    page = visit.page(f"{STAGE}/1", before=LATER)
    button = page.get_by_role("button", name="Bring back")

    def run(text: str, *passing: int) -> None:
        page.evaluate("window.later += 60_000")
        write(page, text)
        steps = [_step(n, "passes" if n in passing else "fails", "passed") for n in (1, 2)]
        data = {"passed": False, "steps": steps}
        visit.python.answers["run"] = {"text": f"{text} was run\n", "data": data}
        page.locator("#run").click()
        expect(page.locator("#verdict pre")).to_contain_text(f"{text} was run")
        expect(page.locator("#run")).to_be_enabled()

    def copies() -> list[str]:
        page.get_by_label("Menu").click()
        page.get_by_role("button", name="Saved copies").click()
        expect(button.first).to_be_visible()
        return page.locator(".copies strong").all_inner_texts()

    run("a = 1", 1)
    run("a = 2", 1)
    write(page, "")
    kept(page, "")
    page.reload()
    page.wait_for_selector("body[data-ready]")
    assert re.fullmatch(r"\d+-\d+-\d+, \d+:\d+: step 1 passed", copies()[0])
    assert button.count() == 1
    button.click()
    expect(notice(page)).to_contain_text("Your files are back: lines.py.")
    assert code(page) == "a = 1"
    for n in range(3, 9):
        run(f"a = {n}")
        run(f"a = {n}", 1, 2)
    shown = [one for one in copies() if one.endswith("step 2 passed")]
    assert len(shown) == 5, shown
    button.first.click()
    assert code(page) == "a = 8"


def test_a_given_file_to_break(visit: Visit) -> None:
    """The cache of stage 1 can be broken and put back. Python gets it, a zip does not; a verdict says that it waits."""
    cache, stage = "exercises/stage1_trial/cache.py", "stage1_trial"
    page = visit.page(stage)
    page.get_by_role("tab", name="cache.py", exact=True).click()
    given = code(page)[:400]  # the rest is not drawn
    back = page.locator("#put-back")
    expect(back).to_be_hidden()
    write(page, "broken = 1\n")
    expect(back).to_have_text("Put cache.py back")
    said = f"{cache} was provided.\nTo restore it: python3 -m workshop reset {stage} --provided\n"
    data = {"refused": cache, "passed": False, "steps": []}
    visit.python.answers = {"trial": {"text": "FAILED\n"}, "run": {"text": said, "data": data}}
    page.locator("#run-trial").click()
    expect(page.locator("#trial")).to_contain_text("FAILED")
    assert visit.python.asked == [("trial", {"target": "exercises.stage1_trial"})]
    assert visit.python.files[cache] == "broken = 1\n"
    page.reload()
    page.get_by_role("tab", name="cache.py", exact=True).click()
    assert code(page) == "broken = 1\n"
    page.locator("#run").click()
    expect(page.locator(".said")).to_contain_text("No verdict: cache.py is changed.")
    page.locator(".said").get_by_role("button", name="Put cache.py back").click()
    assert code(page)[:400] == given
    expect(back).to_be_hidden()
    write(page, "broken = 2\n")
    page.locator("#verdict").get_by_role("button", name=f"reset {stage} --provided").click()
    assert code(page)[:400] == given
    write(page, "broken = 3\n")
    page.get_by_label("Menu").click()
    page.get_by_role("button", name="Export your work").click()
    expect(notice(page)).to_contain_text("nothing to export")
    back.click()
    page.locator("#run").click()
    expect(page.locator(".said")).to_be_visible()
    assert visit.python.files[cache].startswith(given)  # type: ignore[union-attr]


JUDGED, TESTS = "stage1_trial", "exercises/stage1_trial/test_cache.py"


def test_what_is_caught_goes_along(visit: Visit) -> None:
    """An export has what the learner's tests catch, too; if a zip has not, the import says how to know it again."""
    page = visit.page(f"{JUDGED}/1")
    kinds = [{"number": n, "status": "passes" if n < 4 else "fails"} for n in range(1, 13)]
    data = {"passed": False, "steps": kinds}
    visit.python.answers["run"] = {"text": "said\n", "data": data}
    write(page)
    page.locator("#run").click()
    expect(page.locator(".said")).to_contain_text("3 of 12")
    files = exported(page)
    other = visit.page(f"{JUDGED}/1")
    todo = [{"number": n, "status": "todo"} for n in range(1, 13)]
    status = [{"name": JUDGED, "passed": False, "steps": todo}]
    visit.python.answers["status"] = {"text": "", "data": status}
    put_in(other, zipped(files))
    expect(notice(other)).to_have_text("Imported: 1 file.")
    states = other.locator("#steps [data-state]")
    expect(states.nth(2)).to_have_attribute("data-state", "passes")
    expect(states.nth(3)).to_have_attribute("data-state", "todo")
    write(other, "mine = 1\n")
    put_in(other, zipped({TESTS: "more = 1\n", ".workshop/export.json": '{"caught": {"a": 1}}'}))
    expect(notice(other)).to_contain_text("What your tests of stage 1 catch is known after a run")
    assert code(other) == "more = 1\n"


def _with(data: bytes, old: bytes, new: bytes) -> bytes:
    assert old in data
    return data.replace(old, new)


GOOD = zipped({FILE: "good = 1\n" * 50})
BAD: dict[str, tuple[bytes, str]] = {
    "text": (b"no zip", "This file is not a zip, so nothing was imported."),
    "empty": (b"", "This file is not a zip"),
    "cut short": (GOOD[:-30], "This file is not a zip"),
    "damaged": (_with(GOOD, GOOD[60:70], bytes(10)), "This zip is damaged"),
    "another byte": (
        _with(zipped({FILE: "good"}, zipfile.ZIP_STORED), b"good", b"evil"),
        "damaged",
    ),
    "another zip": (zipped({"a.txt": "a"}), "This zip has no file of the course's exercises"),
    "another course": (
        zipped({FILE: "x", ".workshop/export.json": '{"course": "Knots"}'}),
        "This zip is from another course, Knots, so nothing was imported.",
    ),
    "above": (zipped({f"../{FILE}": "x"}), "no file of the course's exercises"),
    "large": (zipped({FILE: bytes(30_000_000)}), "too large to be one of the course's"),
    "lies": (_with(GOOD, (450).to_bytes(4, "little"), bytes([9, 0, 0, 0])), "This zip is damaged"),
}


def test_bad_zips(visit: Visit) -> None:
    """A zip that is none, or harms, gets one sentence, and nothing changes."""
    page = visit.page(f"{STAGE}/1")
    write(page)
    for data, says in BAD.values():
        put_in(page, data)
        expect(notice(page)).to_contain_text(says)
        expect(notice(page)).to_contain_text("nothing was imported")
        page.get_by_label("Close", exact=True).click()
        assert code(page) == MINE
    put_in(page, zipped({FILE: "x", ".workshop/export.json": '{"version": "9.9.9"}'}))
    expect(page.locator("dialog")).to_contain_text("This zip is from version 9.9.9 of the course")
    page.keyboard.press("Escape")
    expect(notice(page)).to_contain_text("Nothing was imported.")
    assert code(page) == MINE
    kept(page)


FULL = """
    const put = IDBObjectStore.prototype.put;
    IDBObjectStore.prototype.put = function (...words) {
        if (window.full && this.name === "files") throw new DOMException("full", "QuotaExceededError");
        return put.apply(this, words);
    };
    window.full = true;
"""
PRIVATE = """
    IDBFactory.prototype.open = () => { throw new DOMException("private", "SecurityError"); };
"""


@pytest.mark.parametrize(
    ("before", "says"),
    [(FULL, "The browser's storage is full"), (PRIVATE, "This browser keeps nothing")],
    ids=["full", "private"],
)
def test_storage_that_fails(visit: Visit, before: str, says: str) -> None:
    """One sentence says that work is not kept; it is still in the page, runs, and can be exported."""
    page = visit.page(f"{STAGE}/1", visit.context(), before=before)
    visit.python.answers["run"] = FAILS
    write(page)
    expect(notice(page)).to_contain_text(says)
    assert exported(page)[FILE] == MINE.encode()
    page.locator("#run").click()
    expect(page.locator(".said")).to_be_visible()
    assert visit.python.files[FILE] == MINE
    if before == FULL:
        page.evaluate("window.full = false")
        write(page, "room = 1\n")
        kept(page, "room = 1\n")
        expect(notice(page)).to_have_count(0)
    else:
        asked: list[Dialog] = []
        page.on("dialog", lambda dialog: (asked.append(dialog), dialog.accept()))
        page.close(run_before_unload=True)
        page.wait_for_event("close")
        assert [dialog.type for dialog in asked] == ["beforeunload"]
