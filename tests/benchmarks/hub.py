"""The course on a JupyterHub: so many learners at once, each in a home of their own, go through stage 2.

    python tests/benchmarks/hub.py ENVIRONMENT --proxy CONFIGURABLE-HTTP-PROXY [--users 20] [--folder FOLDER]

ENVIRONMENT was made as .jupyterhub/README.md says. The hub has the configuration of that folder, but lets anybody in, and
its servers belong to whoever runs this. All is on 127.0.0.1, at free ports; the homes are in FOLDER.

Each learner starts a server, gets the course from a link (nbgitpuller), and in a terminal sets it up, sees step 1 fail,
and solves stage 2 step by step; runs it with plain trial; opens the lecture with `lab`, and runs all of its cells; runs
the first cell of the same notebook from the list of files; serves stage 3b's demo, and reads its pages through the hub.
Anything unexpected ends the run with exit code 1. Prints the seconds of each part, and the memory of each learner: the
sum of PSS (a page that n processes share counts as 1/n in each) of the learner's processes. Linux only.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections import defaultdict
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urljoin

from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

ROOT = Path(__file__).resolve().parent.parent.parent
TOKEN, STAGE, STEPS, FRAMING = "trial-of-the-hub", "stage2_poetry", 12, "stage3b_framing"
BOUND = 900.0
"""Seconds that any single part may take."""
CONFIG = """
load_subconfig({config!r})
c.JupyterHub.bind_url = "http://127.0.0.1:{ports[0]}"
c.JupyterHub.hub_port = {ports[1]}
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{ports[2]}"
c.ConfigurableHTTPProxy.command = {proxy!r}
c.JupyterHub.authenticator_class = "dummy"
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = {homes!r} + "/{{username}}"
c.Spawner.args = {args!r}
c.JupyterHub.services = [{{"name": "trial", "api_token": {token!r}}}]
c.JupyterHub.load_roles = [
    {{"name": "trial", "services": ["trial"], "scopes": ["admin:users", "admin:servers", "access:servers"]}}
]
"""


def pss(name: str) -> dict[str, float]:
    """Return the PSS in MB of each learner's processes, of the hub's and of the proxy's, by what their environment has."""
    found: dict[str, float] = defaultdict(float)
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes()
            if f"TRIAL_OF_THE_HUB={name}\0".encode() not in environment:
                continue
            user = re.search(rb"(?:^|\0)JUPYTERHUB_USER=([^\0]+)", environment)
            line = re.search(rb"^Pss: +(\d+) kB", (process / "smaps_rollup").read_bytes(), re.M)
        except OSError:
            continue  # it has ended
        if line:
            found[user[1].decode() if user else "hub"] += int(line[1]) / 1000
    return found


def packages(environment: Path) -> dict[str, float]:
    """Return the files of an environment, with the times of their last changes."""
    files = (path for path in environment.rglob("*") if "__pycache__" not in path.parts)
    return {str(path): path.lstat().st_mtime for path in files if path.name != "dropin.cache"}


class Channel:
    """A WebSocket."""

    def __init__(self) -> None:
        self.messages: asyncio.Queue[str | bytes | None] = asyncio.Queue()
        self.connection: WebSocketClientConnection

    async def write(self, message: Any) -> None:
        await self.connection.write_message(json.dumps(message))

    async def read(self) -> Any:
        message = await asyncio.wait_for(self.messages.get(), BOUND)
        assert message is not None, "the server has closed a WebSocket"
        return json.loads(message)


class Hub:
    """A running hub, and what is measured: seconds of each part, and memory at each moment."""

    def __init__(self, folder: Path, environment: Path, proxy: str) -> None:
        self.folder, self.environment, self.proxy = folder, environment, proxy
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self.processor: list[float] = []
        self.memory: dict[str, dict[str, float]] = {}
        self.peak: dict[str, float] = defaultdict(float)
        self.most = (0.0, 0.0)
        self.repository = (folder / "course.git").as_uri()
        self.client = AsyncHTTPClient(max_clients=500)
        subprocess.run(["git", "clone", "-q", "--bare", ROOT, folder / "course.git"], check=True)
        self.branch = subprocess.run(
            ["git", "-C", folder / "course.git", "symbolic-ref", "--short", "HEAD"],
            check=True, capture_output=True, text=True,
        ).stdout.strip()  # fmt: skip

    def start(self) -> subprocess.Popen[bytes]:
        """Start the hub, with its proxy."""
        open_ones = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
        ports = [one.getsockname()[1] for one in open_ones]
        for one in open_ones:
            one.close()
        self.base = f"http://127.0.0.1:{ports[0]}"
        config = self.folder / "jupyterhub_config.py"
        config.write_text(
            CONFIG.format(
                config=str(ROOT / ".jupyterhub" / "jupyterhub_config.py"),
                ports=ports,
                proxy=[self.proxy],
                homes=str(self.folder / "homes"),
                args=["--allow-root"] * (os.geteuid() == 0),
                token=TOKEN,
            )
        )
        # What the spawner passes on to servers by default is the PATH, and little else.
        text = (
            config.read_text()
            + f"c.Spawner.environment['TRIAL_OF_THE_HUB'] = {self.folder.name!r}\n"
        )
        config.write_text(text)
        with open(self.folder / "hub.log", "wb") as log:
            return subprocess.Popen(
                [self.environment / "bin" / "jupyterhub", "-f", config],
                cwd=self.folder,
                env={
                    "PATH": os.environ["PATH"],
                    "HOME": str(self.folder),
                    "LANG": "C.UTF-8",
                    "TRIAL_OF_THE_HUB": self.folder.name,
                    "CONFIGPROXY_AUTH_TOKEN": uuid.uuid4().hex,
                },
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    async def ask(
        self, path: str, method: str = "GET", body: Any = None, right: bool = True
    ) -> Any:
        """Send a request to the hub or, through its proxy, to a learner's server; return the response."""
        return await self.client.fetch(
            HTTPRequest(
                urljoin(self.base, path),
                method,
                {"Authorization": f"token {TOKEN}"},
                body=body
                if isinstance(body, str)
                else json.dumps(body)
                if body is not None
                else None,
                allow_nonstandard_methods=True,
                request_timeout=BOUND,
                connect_timeout=BOUND,
            ),
            raise_error=right,
        )

    async def socket(self, path: str) -> Channel:
        """Open a WebSocket to a learner's server."""
        address = urljoin(self.base, path).replace("http:", "ws:", 1)
        request = HTTPRequest(
            address, headers={"Authorization": f"token {TOKEN}"}, connect_timeout=BOUND
        )
        channel = Channel()
        # It is read all the time: otherwise the server's pings would get no answer.
        channel.connection = await websocket_connect(
            request, on_message_callback=channel.messages.put_nowait
        )
        return channel

    async def sample(self) -> None:
        """Keep the most memory of each learner, and of all at one moment."""
        while True:
            now = await asyncio.to_thread(pss, self.folder.name)
            for name, size in now.items():
                self.peak[name] = max(self.peak[name], size)
            self.most = max(self.most, (sum(now.values()), os.getloadavg()[0]))
            await asyncio.sleep(3)


class Terminal:
    """A terminal in a learner's JupyterLab."""

    def __init__(self, channel: Channel, log: Path) -> None:
        self.channel, self.text, self.log = channel, "", log

    async def expect(self, pattern: str) -> tuple[str, re.Match[str]]:
        """Wait until something is printed; return the text before it, and the match. Both are forgotten."""
        while not (found := re.search(pattern, self.text)):
            kind, *words = await self.channel.read()
            if kind == "stdout":
                with self.log.open("a") as file:
                    file.write(words[0])
                self.text += re.sub(r"\x1b\[[\d;?]*[a-zA-Z]|\x1b\][^\x07]*\x07|\r", "", words[0])
        before, self.text = self.text[: found.start()], self.text[found.end() :]
        return before, found

    async def type(self, line: str) -> None:
        await self.channel.write(["stdin", f"{line}\r"])

    async def run(self, line: str, code: int = 0) -> str:
        """Run a command; return its output."""
        await self.type(f"{line}; echo END-$?-$((1+1))")
        printed, found = await self.expect(r"END-(\d+)-2\n")
        assert int(found[1]) == code, f"{line}: exit code {found[1]}\n{printed}"
        return printed


class Learner:
    """One learner, whose parts of the day are timed."""

    def __init__(self, hub: Hub, name: str) -> None:
        self.hub, self.name, self.began = hub, name, time.monotonic()

    def lap(self, part: str) -> None:
        now = time.monotonic()
        self.hub.seconds[part].append(now - self.began)
        self.began = now

    async def start(self) -> None:
        """Log in, and wait for the server."""
        user = f"/hub/api/users/{self.name}"
        await self.hub.ask(user, "POST", {})
        await self.hub.ask(f"{user}/server", "POST", {})
        until = time.monotonic() + BOUND
        while not json.loads((await self.hub.ask(user)).body)["servers"].get("", {}).get("ready"):
            assert time.monotonic() < until, f"{self.name} has no server"
            await asyncio.sleep(0.2)
        await self.hub.ask(f"/user/{self.name}/lab")
        self.lap("server")

    async def work(self) -> None:
        """Go through the stage."""
        home = f"/user/{self.name}"
        words = {"repo": self.hub.repository, "branch": self.hub.branch, "targetpath": "course"}
        answer = await self.hub.ask(f"{home}/git-pull/api?{urlencode(words)}")
        assert b'"phase": "finished"' in answer.body, answer.body[-2000:]
        self.lap("course")
        terminal = await self.terminal()
        await terminal.run("cd course")
        said = await terminal.run("python3 -m workshop --help")
        assert "Its packages are those of" in said, said
        self.lap("set-up")
        await terminal.run("python3 -m workshop")
        self.lap("the map, for the first time")
        await terminal.run(f"python3 -m workshop run {STAGE}", code=1)
        for step in range(1, STEPS + 1):
            await terminal.run(f"python3 -m workshop solution {STAGE} --upto {step} --apply")
            await terminal.run(f"python3 -m workshop run {STAGE} {step}")
        said = await terminal.run(f".venv/bin/trial exercises.{STAGE}")
        assert "PASSED" in said, said
        self.lap("stage 2")
        # bash's own sum: the last line is that of what it has started, by the program and by the system for it.
        used = re.findall(r"(\d+)m([\d.]+)s", (await terminal.run("times")).splitlines()[-1])
        self.hub.processor.append(sum(60 * int(m) + float(s) for m, s in used))
        said = await terminal.run(f"python3 -m workshop lab {STAGE}")
        path = re.search(rf"{home}/lab/tree/(\S+\.ipynb)", said)
        assert path, said
        await self.notebook(path[1])
        self.lap("its notebook")
        await self.notebook(f"course/notebooks/{STAGE}.ipynb", first=True)
        await terminal.run(f"python3 -m workshop solution {FRAMING} --apply")
        demo = await self.terminal()
        await demo.type("cd course; .venv/bin/python -m exercises.stage3b_framing.demo")
        page = (await demo.expect(rf"{home}/proxy/\d+/(?=\n)"))[1][0]
        await demo.expect("Ctrl-C")
        for title in ("What your browser asked", "A form"):
            html = (await self.hub.ask(page)).body.decode()
            assert f"<h1>{title}</h1>" in html, html
            page = urljoin(page, re.findall('href="([^"]*)"', html)[-1])
        assert page.count("/") == 5, page
        await demo.type("\x03")
        self.lap("demo")

    async def terminal(self) -> Terminal:
        answer = await self.hub.ask(f"/user/{self.name}/api/terminals", "POST", {})
        number = json.loads(answer.body)["name"]
        channel = await self.hub.socket(f"/user/{self.name}/terminals/websocket/{number}")
        return Terminal(channel, self.hub.folder / f"{self.name}.log")

    async def notebook(self, path: str, first: bool = False) -> None:
        """Open a notebook with the kernel that it names, and run its cells, or the first one and then end the kernel."""
        home = f"/user/{self.name}/api"
        page = json.loads((await self.hub.ask(f"{home}/contents/{path}")).body)["content"]
        kernel = {"name": page["metadata"]["kernelspec"]["name"]}
        asked = {"path": path, "name": "", "type": "notebook", "kernel": kernel}
        session = json.loads((await self.hub.ask(f"{home}/sessions", "POST", asked)).body)
        number = session["kernel"]["id"]
        channel = await self.hub.socket(f"{home}/kernels/{number}/channels")
        cells = [cell for cell in page["cells"] if cell["cell_type"] == "code"]
        for cell in cells[:1] if first else cells:
            raised = await self.execute(channel, cell["source"])
            wanted = "raises-exception" in cell["metadata"].get("tags", ())
            assert bool(raised) == wanted, f"{path}: {raised}\n{cell['source']}"
        if first:
            await self.hub.ask(f"{home}/kernels/{number}", "DELETE")

    async def execute(self, channel: Channel, source: str) -> str:
        """Run a cell; return the exception that it raised, if any."""
        number, raised = uuid.uuid4().hex, ""
        header = {"msg_id": number, "msg_type": "execute_request", "username": "", "session": self.name,
                  "version": "5.3", "date": "2000-01-01T00:00:00Z"}  # fmt: skip
        content = {"code": source, "silent": False, "store_history": True, "allow_stdin": False}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content,
                   "channel": "shell", "buffers": []}  # fmt: skip
        await channel.write(message)
        while True:
            got = await channel.read()
            if got["parent_header"].get("msg_id") != number:
                continue
            if got["msg_type"] == "error":
                raised = f"{got['content']['ename']}: {got['content']['evalue']}"
            if got["msg_type"] == "status" and got["content"]["execution_state"] == "idle":
                return raised


async def measure(hub: Hub, users: int) -> None:
    """Let so many learners work at once, and print what it took."""
    began = time.monotonic()
    while True:
        with contextlib.suppress(OSError):
            if (await hub.ask("/hub/api/", right=False)).code == 200:
                break
        assert time.monotonic() - began < BOUND, "the hub does not start"
        await asyncio.sleep(0.2)
    before = os.getloadavg()[0]
    learners = [Learner(hub, f"learner{n:02}") for n in range(1, users + 1)]
    await asyncio.gather(*(one.start() for one in learners))
    hub.memory["server only"] = pss(hub.folder.name)
    for one in learners:
        one.began = time.monotonic()
    sampling = asyncio.create_task(hub.sample())
    try:
        await asyncio.gather(*(one.work() for one in learners))
    finally:
        sampling.cancel()
    hub.memory["after it, with terminals and a kernel"] = pss(hub.folder.name)
    hub.memory["at most"] = hub.peak
    cores = os.cpu_count()
    print(
        f"{users} learners at once, {cores} cores; load {before:.1f} before, {hub.most[1]:.1f} at the peak\n"
    )
    print(f"{'seconds':40}{'least':>8}{'median':>8}{'most':>8}")
    for part, times in hub.seconds.items():
        print(f"{part:40}{min(times):8.1f}{statistics.median(times):8.1f}{max(times):8.1f}")
    used = statistics.median(hub.processor)
    print(f"Set-up, map and stage 2 took {used:.0f} s of processor time for each learner.")
    print(f"\n{'MB of memory (PSS) of a learner':40}{'least':>8}{'median':>8}{'most':>8}")
    for moment, found in hub.memory.items():
        sizes = [size for name, size in found.items() if name != "hub"]
        print(f"{moment:40}{min(sizes):8.0f}{statistics.median(sizes):8.0f}{max(sizes):8.0f}")
    print(
        f"\nThe hub and its proxy: {hub.peak['hub']:.0f} MB. All together, at most: {hub.most[0]:.0f} MB."
    )
    home = hub.folder / "homes" / learners[0].name
    for name, place in (
        ("the shared environment", hub.environment),
        ("a learner's .venv", home / "course" / ".venv"),
        ("a learner's home", home),
    ):
        size = subprocess.run(["du", "-sk", place], capture_output=True, text=True, check=True)
        print(f"{name} on disk: {int(size.stdout.split()[0]) / 1000:.1f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("environment", type=Path)
    parser.add_argument("--proxy", default="configurable-http-proxy")
    parser.add_argument("--users", type=int, default=20)
    parser.add_argument(
        "--folder", type=Path, help="a new folder, which is kept; else a temporary one"
    )
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="hub-"))
    folder.mkdir(exist_ok=True)
    hub = Hub(folder.absolute(), options.environment.absolute(), options.proxy)
    process = hub.start()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the hub is ended
    try:
        before = packages(hub.environment)
        asyncio.run(measure(hub, options.users))
        assert packages(hub.environment) == before, "a learner has changed what all share"
    except AssertionError as error:
        sys.exit(f"{error}\nThe hub's log is {folder / 'hub.log'}")
    finally:
        process.terminate()  # the hub ends its servers and its proxy, unless it has just begun
        process.wait()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        if not options.folder and sys.exc_info()[0] is None:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
