"""`lab`: which notebook it opens, the learner's copies, the server's beginning and end."""

from __future__ import annotations

import contextlib
import http.client
import json
import signal
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import nbformat
import pytest
from driving import SOLVED, Learner, Terminal, assert_loopback_only, linux, posix, until
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from workshop.course import load
from workshop.notebook import lab

COPY = ".workshop/notebooks/stage1_echo.ipynb"


def notebook(words: str = "Read [it](../exercises/stage1_echo/README.md).\n\n[And](#x).") -> str:
    """A notebook that was run, as text."""
    cells = [
        new_markdown_cell(words, id="a"),
        new_code_cell(
            "print('[no](../link)')",
            id="b",
            execution_count=7,
            outputs=[new_output("stream", text="[no](../link)\n")],
        ),
    ]
    return str(nbformat.writes(new_notebook(cells=cells)))


@pytest.fixture
def pages(mini: Learner) -> Path:
    """The miniature course with a notebook for its first stage: their folder."""
    folder = mini.root / "notebooks"
    folder.mkdir()
    (folder / "stage1_echo.ipynb").write_text(notebook(), "utf-8")
    return folder


@pytest.mark.parametrize(
    ("there", "chosen"),
    [
        ([0], [0, 0, 0]),
        ([0, 1, 2], [0, 1, 2]),
        ([0, 2], [0, 0, 2]),
        ([1], [1, 1, 1]),
        ([2], [2, 2, 2]),
    ],
)
def test_choice(there: list[int], chosen: list[int], tmp_path: Path) -> None:
    """A stage's own notebook; else the nearest before; where there is none before, the first."""
    (tmp_path / "exercises").mkdir()
    entry = '[[stage]]\nname = "stage{}"\ntitle = "x"\nminutes = 1\ntrack = "core"\nkind = "check"\nedit = []\n'
    toml = "".join(entry.format(n) for n in range(3))
    (tmp_path / "exercises" / "course.toml").write_text(toml, "utf-8")
    (tmp_path / "notebooks").mkdir()
    for n in there:
        (tmp_path / "notebooks" / f"stage{n}.ipynb").touch()
    course = load(tmp_path)
    names = [lab.choose(course, stage).name for stage in course.stages]
    assert names == [f"stage{n}.ipynb" for n in chosen]


def test_copy_has_no_outputs_and_links_that_hold(mini: Learner, pages: Path) -> None:
    """A copy is a notebook with the same cells, none of which was run; its links lead where they led."""
    lab.lay(load(mini.root))
    copy = nbformat.from_dict(nbformat.reads(mini.path(COPY).read_text("utf-8"), as_version=4))
    nbformat.validate(copy)
    words, code = copy.cells
    assert words.source == "Read [it](../../exercises/stage1_echo/README.md).\n\n[And](#x)."
    assert (mini.path(COPY).parent / "../../exercises/stage1_echo/README.md").is_file()
    assert (code.source, code.outputs, code.execution_count) == ("print('[no](../link)')", [], None)


def test_copy_is_kept(mini: Learner, pages: Path) -> None:
    """What the learner did to a copy stays, and a notebook that has changed since is recognised, until it is renewed."""
    course, page, copy = load(mini.root), pages / "stage1_echo.ipynb", mini.path(COPY)
    assert not lab.is_of(copy, page)
    lab.lay(course)
    assert lab.is_of(copy, page)
    mine = copy.read_text("utf-8").replace("And", "Mine")
    copy.write_text(mine, "utf-8")
    lab.lay(course)
    assert copy.read_text("utf-8") == mine and lab.is_of(copy, page)
    page.write_text(notebook("Other words."), "utf-8")
    lab.lay(course)
    assert copy.read_text("utf-8") == mine and not lab.is_of(copy, page)
    saved = lab.renew(course, page)
    assert saved and (saved / COPY).read_text("utf-8") == mine
    assert "Other words." in copy.read_text("utf-8") and lab.is_of(copy, page)
    copy.write_text("no JSON", "utf-8")
    assert not lab.is_of(copy, page)


def opened(url: str) -> tuple[int, str]:
    """The status and text that a URL gives, asked without any proxy."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, ""


@posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_from_beginning_to_end(mini: Learner, pages: Path, number: int) -> None:
    """The first stage that does not pass has no notebook: the nearest is reported and opened. A signal ends all; exit 0."""
    mini.write(SOLVED)
    before, home = mini.files(), mini.root.parent / "home"
    home.mkdir()
    # The settings of the learner's own Jupyter do not reach this one.
    theirs = mini.root.parent / "theirs"
    theirs.mkdir()
    reported = {"ServerApp": {"base_url": "/theirs/"}}
    (theirs / "jupyter_server_config.json").write_text(json.dumps(reported))
    env = {"HOME": str(home), "JUPYTER_CONFIG_PATH": str(theirs)}
    with Terminal(mini, "lab", "--no-browser", env=env, size=(200, 24)) as terminal:
        terminal.expect("stage2_count has no notebook. The nearest is that of stage1_echo.", 30)
        found = terminal.expect(
            r"(http://127\.0\.0\.1:\d+/)(\S+stage1_echo\.ipynb)\?token=(\S+)\n", 60
        )
        base, page, token = found.groups()
        terminal.expect("Ctrl-C ends it")
        assert page == f"lab/tree/{COPY}"
        assert_loopback_only(int(base.rstrip("/").rpartition(":")[2]))
        api = f"{base}api/contents/{COPY}"
        status, text = opened(f"{api}?token={token}")
        assert status == 200 and json.loads(text)["type"] == "notebook"
        assert opened(api)[0] == 403, "anybody on this machine can read it"
        if number == signal.SIGINT:
            terminal.press("\x03")
        else:
            terminal.process.send_signal(number)
        assert terminal.end(30) == 0, terminal.text
        assert "Ended." in terminal.text and "Traceback" not in terminal.text
        terminal.sane()
    assert mini.files() == before
    assert list(home.iterdir()) == [], "something was written to the learner's home"
    log = mini.root / lab.STATE / "log"
    assert log.stat().st_mode & 0o077 == 0, "others can read the secret"


def test_ends_from_the_browser(mini: Learner, pages: Path) -> None:
    """If the server is shut down from its own menu, the wait is over, with 0."""
    lab.lay(load(mini.root))
    with lab.Lab(mini.root, "stage1_echo.ipynb", browser=False) as server:
        base, _, rest = server.address.partition("lab/tree")
        token = rest.rpartition("=")[2]
        request = urllib.request.Request(
            f"{base}api/shutdown", method="POST", headers={"Authorization": f"token {token}"}
        )
        # It may end before it has answered.
        with contextlib.suppress(OSError, http.client.HTTPException):
            urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=20)
        assert server.wait() == 0


def test_no_notebook_and_no_stage(mini: Learner) -> None:
    """If there are no notebooks, or no such stage, that is said, and nothing is started."""
    outcome = mini.here("lab", "1")
    assert outcome.code == 1 and "There are no notebooks in" in outcome.err, outcome.all
    outcome = mini.here("lab", "stage9")
    assert outcome.code == 2 and 'There is no stage "stage9"' in outcome.err, outcome.all
    assert not mini.path(".workshop/jupyter").exists()


# In the place of JupyterLab: what ends, what never listens, what serves and does not end when it is asked to.
ENDS = "import sys\nsys.exit('it is broken')\n"
SILENT = "import time\ntime.sleep(300)\n"
DEAF = """
import json, os, socket
ours = socket.socket()
ours.bind(("127.0.0.1", 0))
ours.listen()
info = {"url": "http://127.0.0.1:1/", "port": ours.getsockname()[1], "token": "t"}
with open(os.path.join(os.environ["JUPYTER_RUNTIME_DIR"], "jpserver-1.json"), "w") as file:
    json.dump(info, file)
while True:
    connection, _ = ours.accept()
    connection.recv(9999)
    connection.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n")
    connection.close()
"""


def test_server_that_cannot_start(mini: Learner, pages: Path) -> None:
    """Where JupyterLab ends by itself, the command says so, and where to read why; exit 1."""
    mini.path("jupyterlab.py").write_text(ENDS)
    outcome = mini.tool("lab", "1", "--no-browser")
    assert outcome.code == 1, outcome.all
    assert "JupyterLab ended at once. Its output is in .workshop/jupyter/log." in outcome.err
    assert "it is broken" in mini.path(".workshop/jupyter/log").read_text()


def test_fresh_and_newer(mini: Learner, pages: Path) -> None:
    """The command reports a copy that is older than the notebook; --fresh makes it again, and says where it was saved."""
    mini.path("jupyterlab.py").write_text(ENDS)
    mini.tool("lab", "1")
    assert mini.path(COPY).exists()
    (pages / "stage1_echo.ipynb").write_text(notebook("Other words."), "utf-8")
    mine = mini.path(COPY).read_bytes()
    outcome = mini.tool("lab", "1")
    assert "lab --fresh stage1_echo" in outcome.out and mini.path(COPY).read_bytes() == mine
    outcome = mini.tool("lab", "1", "--fresh")
    saved = outcome.out.partition("Your copy was saved as ")[2].partition(".\n")[0]
    assert mini.path(saved).read_bytes() == mine, outcome.all
    assert "lab --fresh" not in outcome.out and b"Other words." in mini.path(COPY).read_bytes()


@pytest.mark.parametrize(("program", "starts"), [(SILENT, False), (DEAF, True)])
@linux
def test_every_wait_is_bounded(
    mini: Learner, program: str, starts: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that never listens is given up; one that does not end is ended."""
    for name, text in mini.environment().items():
        monkeypatch.setenv(name, text)
    monkeypatch.setattr(lab, "START", 1.0 if not starts else 30.0)
    monkeypatch.setattr(lab, "STOP", 0.5)
    mini.path("jupyterlab.py").write_text(program)
    if starts:
        with lab.Lab(mini.root, "x.ipynb", browser=False) as server:
            assert server.address.endswith("?token=t")
    else:
        with pytest.raises(lab.LabError, match="did not start in 1 s"):
            lab.Lab(mini.root, "x.ipynb", browser=False).__enter__()
    until(lambda: not mini.processes(), 5, "the server is still there")


def test_settings_of_the_learner_s_are_kept(mini: Learner) -> None:
    """What the learner changed in JupyterLab is not put back."""
    one: Any = lab.Lab(mini.root, "x.ipynb")
    one._lay_settings()
    (path,) = mini.root.rglob("notification.jupyterlab-settings")
    assert json.loads(path.read_text())["fetchNews"] == "false"
    path.write_text("mine")
    one._lay_settings()
    assert path.read_text() == "mine"
