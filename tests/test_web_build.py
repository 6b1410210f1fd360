"""The folder of static files: all of it is there, of one version, small, and asks for nothing that is elsewhere."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from driving import HALF, STARTER, TOOL, Learner, posix

from workshop.course import load
from workshop.web import build, packages
from workshop.web.lectures import as_html, lectures

ROOT = Path(__file__).resolve().parent.parent
COURSE = load(ROOT)
MOST_ON_THE_WIRE = 10_000_000
WANTED = (
    *("index.html", "style.css", "sw.js", "files.json", "course.json", "licences.txt"),
    *("python.pack", "course.pack", "lib/fzstd.js", "page/main.js", "page/packed.js"),
    *("pyodide/pyodide.mjs", "pyodide/pyodide.asm.mjs", "pyodide/pyodide.asm.wasm"),
    *("pyodide/pyodide-lock.json", "lib/codemirror/view.js", "lib/codemirror/lezer-common.js"),
)


def names(folder: Path) -> set[str]:
    """The files in a folder."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def sha256(path: Path) -> str:
    """The hash of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_everything_is_there(web_folder: Path) -> None:
    """The page, Python, the packages, the course, and a page for each notebook."""
    notebooks = {f"notebooks/{path.stem}.html" for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert notebooks
    assert {*WANTED, *notebooks} <= names(web_folder)


def test_one_version(web_folder: Path) -> None:
    """files.json lists each file with its hash; the service worker has the hash of files.json."""
    listed = json.loads((web_folder / "files.json").read_text("utf-8"))["files"]
    assert listed.keys() == names(web_folder) - {"files.json", "sw.js"}
    assert listed == {name: sha256(web_folder / name) for name in listed}
    worker = (web_folder / "sw.js").read_text("utf-8")
    assert sha256(web_folder / "files.json") in worker
    assert build.VERSION not in worker


def test_licence(web_folder: Path) -> None:
    """The course's licence is in the folder."""
    assert (web_folder / "LICENSE.txt").read_bytes() == (COURSE.root / "LICENSE").read_bytes()


def test_size(web_folder: Path) -> None:
    """What a browser downloads until the page works is at most 10 MB."""
    assert 5_000_000 < build.on_the_wire(web_folder) <= MOST_ON_THE_WIRE


def test_the_same_again_without_network(
    web_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another build of the same course starts no program, so asks no network, and has the same bytes; it cleans up."""

    def refuse(*words: object) -> None:
        pytest.fail(f"It runs {words}")

    monkeypatch.setattr(packages, "run", refuse)
    (tmp_path / "left" / "over").mkdir(parents=True)
    (tmp_path / "left" / "over" / "old.html").touch()
    build.build(COURSE, tmp_path, lambda sentence: None)
    assert names(tmp_path) == names(web_folder)
    assert not [n for n in names(tmp_path) if sha256(tmp_path / n) != sha256(web_folder / n)]
    assert not (tmp_path / "left").exists()


def test_starters_not_work(mini: Learner) -> None:
    """A learner's work does not get into the folder."""
    mini.write(HALF)
    files = dict(build.course_files(load(mini.root)))
    assert files["exercises/stage1_echo/echo.py"].decode() == STARTER
    assert "solutions/stage1_echo/mutants.toml" in files


def test_what_the_tool_reads_goes_along() -> None:
    """course.zip has the tool with the files that it opens, the solutions and the plugin; no test of ours."""
    names = dict(build.course_files(COURSE)).keys()
    for name in (
        "workshop/web/elsewhere.toml",
        "twisted/plugins/simulated_reactor.py",
        "pyproject.toml",
    ):
        assert name in names, name
    assert not [
        name for name in names if name.startswith(("tests/", "workshop/web/page/", ".workshop"))
    ]


def test_a_change_is_noticed(mini: Learner) -> None:
    """The fingerprint is of what the folder is made of: one letter in a hint changes it, a learner's work does not."""
    course = load(mini.root)
    before = build.fingerprint(course)
    mini.write(HALF)
    assert build.fingerprint(course) == before
    with mini.path("exercises/stage1_echo/hints.md").open("a") as file:
        file.write("x")
    assert build.fingerprint(course) != before


def test_the_command(web_folder: Path, tmp_path: Path) -> None:
    """`web --build` writes the folder and says how large it is; again, it replaces it; other folders are left alone."""
    for _ in range(2):
        done = run("web", "--build", str(tmp_path / "page"))
        assert done.returncode == 0, done.stderr
        assert re.search(r"a browser downloads \d\.\d MB of it", done.stdout)
        assert names(tmp_path / "page") == names(web_folder)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("mine")
    done = run("web", "--build", str(tmp_path / "mine"))
    assert done.returncode == 1 and "is not empty" in " ".join(done.stderr.split())
    assert names(tmp_path / "mine") == {"letter.txt"}


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """Give a command on the course itself."""
    return subprocess.run([*TOOL, *words], cwd=ROOT, capture_output=True, text=True, timeout=300)


# What the files ask for

STRING = r"""["']([^"'\n]+)["']"""
IMPORT = re.compile(
    rf"^\s*(?:import|export)\b[^;\"'()=]*\bfrom\s*{STRING}|^\s*import\s*{STRING}|\bimport\({STRING}\)",
    re.M,
)


def test_each_import_leads_somewhere(web_folder: Path) -> None:
    """Each module that the page or the editor imports is in the folder, by its path or by the import map."""
    text = (web_folder / "index.html").read_text("utf-8")
    found = re.search(r'<script type="importmap">(.*?)</script>', text, re.S)
    assert found
    known = json.loads(found[1])["imports"]
    assert {name for name in known.values() if not (web_folder / name).is_file()} == set()
    missing = []
    files = [*web_folder.glob("page/*.js"), *web_folder.glob("lib/**/*.js")]
    assert len(files) > 20
    for file in files:
        # Comments have examples.
        code = re.sub(r"^\s*(//|\*|/\*).*$", "", file.read_text("utf-8"), flags=re.M)
        for name in map("".join, IMPORT.findall(code)):
            path = file.parent / name if name.startswith(".") else web_folder / known.get(name, "?")
            if not path.resolve().is_file():
                missing.append((file.name, name))
    assert not missing


class Asks(HTMLParser):
    """Collects what a page makes a browser fetch."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.without_alt = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the addresses of anything but a link that a reader may follow."""
        fields = dict(attrs)
        self.without_alt += tag == "img" and not fields.get("alt")
        for name in ("src", "srcset", "poster", "data", "href", "xlink:href"):
            if name in fields and (tag, name) != ("a", "href"):
                self.found.append(fields[name] or "")

    def elsewhere(self) -> Iterator[str]:
        """What is not in the page itself."""
        yield from (address for address in self.found if not address.startswith(("data:", "#")))


def test_lectures_ask_for_nothing(web_folder: Path) -> None:
    """A notebook's page is whole: no script, no style sheet, no picture of another file; it says so to the browser."""
    pages = sorted(web_folder.glob("notebooks/*.html"))
    for page in pages:
        text = page.read_text("utf-8")
        asks = Asks(text)
        assert list(asks.elsewhere()) == [], page.name
        assert not re.search(r"<script|@import|url\(|<link|<iframe", text), page.name
        assert "default-src 'none'" in text
        assert not asks.without_alt, f"{page.name} has a picture without words"
        for link in re.findall(r'<a href="([^"#]*)', text):
            assert link.startswith("http") or (page.parent / link).resolve().is_file(), link


def test_what_lectures_show() -> None:
    """Prose, code with its parts marked, output, pictures with their descriptions, and the way back to the stage."""
    page = lectures(COURSE)["stage2_poetry"]
    assert '<a href="../index.html#stage2_poetry">' in page
    assert '<span class="k">' in page and "<h1>" in page
    assert 'src="data:image/svg+xml;base64,' in page
    assert "python3 -m workshop lab stage2_poetry" in page
    outputs = sum(len(cell.get("outputs", ())) for cell in notebook("stage2_poetry")["cells"])
    assert page.count('<div class="output">') == outputs


def test_what_a_terminal_shows() -> None:
    """Colours and bold become classes, other codes nothing; what looks like HTML is text."""
    text = "\x1b[1;31m<b>\x1b[0m \x1b[96ma\x1b[Kb\x1b[mc"
    bold = '<span class="ansi-red-fg ansi-bold">&lt;b&gt;</span>'
    bright = "".join(f'<span class="ansi-cyan-intense-fg">{letter}</span>' for letter in "ab")
    assert as_html(text) == f"{bold} {bright}c"


def test_lectures_keep_their_answers_folded() -> None:
    """On a page to read, one predicts an output before one opens it; nothing speaks of keys that do nothing there."""
    for stage, page in lectures(COURSE).items():
        cells = [cell for cell in notebook(stage)["cells"] if cell.get("outputs")]
        assert page.count('<details class="outputs">\n<summary>Output</summary>') == len(cells)
        assert "Shift" not in re.sub(r"<pre.*?</pre>", "", page, flags=re.S), stage
        assert "predict it before you open it" in page, stage


def notebook(stage: str) -> dict[str, list[dict[str, list[object]]]]:
    """A notebook as it is stored."""
    stored: dict[str, list[dict[str, list[object]]]] = json.loads(
        (ROOT / "notebooks" / f"{stage}.ipynb").read_text("utf-8")
    )
    return stored


OTHER_HOST = re.compile(
    r"""(?:src|href|action)=["']?(?:https?:)?//|url\(["']?https?:|fetch\(["']https?:"""
)


def test_the_page_names_no_other_host(web_folder: Path) -> None:
    """Nothing of the page or the editor asks another host; a browser that is asked to is told not to."""
    for path in [
        web_folder / "index.html",
        *web_folder.glob("*.css"),
        *web_folder.glob("page/*.js"),
    ]:
        assert not OTHER_HOST.search(path.read_text("utf-8")), path.name
    assert "default-src 'self'" in (web_folder / "index.html").read_text("utf-8")


def test_licences(web_folder: Path) -> None:
    """The licences of all that is handed on are there."""
    text = (web_folder / "licences.txt").read_text("utf-8")
    for name in (
        "twisted 26",
        "rich ",
        "attrs ",
        "@codemirror/view",
        "pyodide",
        "zope_interface",
        "fzstd",
    ):
        assert name in text, name
    assert text.count("Permission is hereby granted") > 10


def test_versions_are_pinned() -> None:
    """Each package has one exact version, and a hash, which npm and pip check."""
    asked = json.loads((packages.HERE / "package.json").read_text("utf-8"))["dependencies"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in asked.values()), asked
    locked = json.loads((packages.HERE / "package-lock.json").read_text("utf-8"))["packages"]
    assert locked[""]["dependencies"] == asked
    got = {name: entry for name, entry in locked.items() if name}
    assert all(entry["integrity"].startswith("sha512-") for entry in got.values())
    # Only the registry that npm is set to, whichever it is, is asked.
    assert not [name for name, entry in got.items() if "resolved" in entry or "link" in entry]
    lines = (packages.HERE / "requirements.txt").read_text("utf-8").splitlines()
    for line in lines:
        assert re.fullmatch(r"#.*|[\w.-]+==[\w.]+ --hash=sha256:[0-9a-f]{64}", line), line


def test_plugins_are_whole(web_folder: Path) -> None:
    """Twisted imports every plugin in the page, so each has there what it imports and what it names."""
    (wheel,) = (web_folder.parent / "wheels").glob("twisted-*.whl")
    with zipfile.ZipFile(wheel) as file:
        modules = {
            name for name in file.namelist() if name.endswith(".py") and packages.taken(name)
        }
        plugins = [name for name in modules if name.startswith("twisted/plugins/twisted_")]
        assert "twisted/plugins/twisted_trial.py" in plugins
        # It names the reactors of other systems too, and imports none.
        plugins.remove("twisted/plugins/twisted_reactors.py")
        for plugin in plugins:
            text = file.read(plugin).decode()
            for name in re.findall(
                r"""from (twisted[.\w]*) import|["'](twisted\.[.\w]*)["']""", text
            ):
                path = "".join(name).replace(".", "/")
                assert {f"{path}.py", f"{path}/__init__.py"} & modules, f"{plugin} needs {name}"


# What is missing


def refused(learner: Learner, path: str, *words: str, folder: str = "page") -> str:
    """The command ends with 1 and one sentence that has these words; nothing is written."""
    target = learner.temp.parent / folder
    outcome = learner.tool("web", "--build", str(target), env={"PATH": path})
    said = " ".join(outcome.err.split())
    assert outcome.code == 1, outcome.all
    assert "Traceback" not in said
    assert all(word in said for word in words), said
    assert not target.exists()
    return said


def programs(folder: Path, **texts: str) -> str:
    """A folder with nothing but these programs, for PATH."""
    folder.mkdir()
    for name, text in texts.items():
        (folder / name).write_text(f"#!{sys.executable}\n{text}\n")
        (folder / name).chmod(0o755)
    return str(folder)


NODE = "print('v20.1.0')"


@posix
@pytest.mark.parametrize(
    ("has", "words"),
    [
        ({}, "Node.js is not installed"),
        ({"node": NODE}, "npm is not installed"),
        ({"node": "print('v12.22.5')"}, "This Node.js is too old: v12.22.5. Install 18 or newer."),
        ({"node": "raise SystemExit(1)"}, "This Node.js is too old"),
    ],
    ids=["nothing", "no npm", "old", "broken"],
)
def test_no_npm(mini: Learner, tmp_path: Path, has: dict[str, str], words: str) -> None:
    """Without Node or npm, or with an old one: a sentence with what to install."""
    refused(mini, programs(tmp_path / "bin", **has), words)


@posix
def test_no_network(mini: Learner, tmp_path: Path) -> None:
    """If npm reaches no registry, a sentence says so, and where npm's output is."""
    says = "print('npm error code ENOTFOUND\\nnpm error errno ENOTFOUND'); exit(1)"
    path = programs(tmp_path / "bin", node=NODE, npm=says)
    refused(mini, path, "npm cannot reach its registry. Connect to a network", ".workshop/web.log")
    assert "ENOTFOUND" in (mini.root / ".workshop" / "web.log").read_text("utf-8")


@posix
def test_another_failure(mini: Learner, tmp_path: Path) -> None:
    """If npm refuses a package that is not the one that was locked, its own line is shown, and nothing of it is kept."""
    says = "import os; os.mkdir('node_modules'); print('npm error code EINTEGRITY'); exit(1)"
    path = programs(tmp_path / "bin", node=NODE, npm=says)
    said = refused(mini, path, "npm cannot download its packages: npm error code EINTEGRITY")
    assert refused(mini, path, "EINTEGRITY") == said


def test_no_pip(mini: Learner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wheel that is not the one that its hash names stops the build."""
    shutil.copytree(packages.HERE, tmp_path / "web")
    wanted = tmp_path / "web" / "requirements.txt"
    wheel = tmp_path / "attrs-26.1.0-py3-none-any.whl"
    wheel.write_bytes(b"something else")
    wanted.write_text(f"attrs==26.1.0 --hash=sha256:{'0' * 64}\n")
    monkeypatch.setattr(packages, "HERE", tmp_path / "web")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    (mini.root / "downloads").mkdir()
    with pytest.raises(packages.Failed, match="pip cannot download") as caught:
        packages.wheels(mini.root / "downloads", lambda sentence: None)
    assert "HASHES" in caught.value.output, caught.value.output
