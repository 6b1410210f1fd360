"""What Python lacks in WebAssembly, as the page's machine supplies it: processes, alarms, time limits.

web/page/machine.js has the other side. A question is JSON written to /dev/machine; the answer is read from there.
"""

from __future__ import annotations

import contextlib
import errno
import faulthandler
import ipaddress
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

BASE = "base"
"""The name of the memory in which nothing but Twisted and these stand-ins was imported."""
PYTHON = "/usr/bin/python3"
"""The program that sys.executable names. It is not there: subprocess.run() below knows the name."""


def ask(do: str, **facts: Any) -> Any:
    """Ask the machine to do something; return its answer."""
    file = os.open("/dev/machine", os.O_RDWR)
    try:
        os.write(file, json.dumps({"do": do, **facts}).encode())
        answer = b""
        while part := os.read(file, 1 << 16):
            answer += part
    finally:
        os.close(file)
    return json.loads(answer)


def run_process(code: str, **options: Any) -> dict[str, Any]:
    """Run Python code as a process of its own, and wait for its end; see Machine.run in web/page/machine.js."""
    found: dict[str, Any] = ask("run", code=code, **options)
    return found


def _exit(status: int) -> NoReturn:
    """Stand in for os._exit."""
    ask("exit", status=status)
    raise AssertionError("it has ended")


def _abort() -> NoReturn:
    """Stand in for os.abort."""
    _exit(-6)


def _kill(pid: int, number: int) -> None:
    """Stand in for os.kill: there is only this process."""
    if pid not in (os.getpid(), 0):
        raise ProcessLookupError(errno.ESRCH, "No such process")
    if number:
        _exit(-number)


def _waitpid(pid: int, options: int) -> NoReturn:
    """Stand in for os.waitpid: nothing runs beside this process."""
    raise ChildProcessError(errno.ECHILD, "No child processes")


def _close_range(low: int, high: int) -> None:
    """Stand in for os.closerange, which tries each number: half a millisecond here for one that is not open."""
    for number in map(int, os.listdir("/proc/self/fd")):
        if low <= number < high:
            with contextlib.suppress(OSError):
                os.close(number)


def _dump_later(timeout: float, repeat: bool = False, file: Any = None, exit: bool = False) -> None:
    """Stand in for faulthandler.dump_traceback_later, of which only the end of the process is left."""
    if exit:
        ask("deadline", seconds=timeout)


def _cancel_dump() -> None:
    """Stand in for faulthandler.cancel_dump_traceback_later."""
    ask("deadline", seconds=None)


def _set_timer(which: int, seconds: float, interval: float = 0.0) -> tuple[float, float]:
    """Stand in for signal.setitimer: SIGALRM, once."""
    ask("alarm", seconds=seconds)
    return 0.0, 0.0


def _run(
    words: Sequence[str],
    *,
    cwd: Any = None,
    env: Mapping[str, str] | None = None,
    timeout: float | None = None,
    text: bool = False,
    **options: Any,
) -> subprocess.CompletedProcess[Any]:
    """Stand in for subprocess.run, for Python's own modules: ``[sys.executable, "-m", NAME, ...]``.

    Raises:
        OSError: It is another program.
        subprocess.TimeoutExpired: As there.
    """
    if len(words) < 3 or list(words[:2]) != [PYTHON, "-m"]:
        raise OSError(errno.ENOEXEC, "A browser runs no programs", str(words[0]))
    facts = {
        "words": list(words[2:]),
        "folder": str(cwd or os.getcwd()),
        "environment": dict(os.environ if env is None else env),
    }
    code = f"from workshop.browser.process import module; module({json.dumps(json.dumps(facts))})"
    found = run_process(code, image=BASE, limit=timeout, whole=True)
    if found["killed"] == "time":
        raise subprocess.TimeoutExpired(list(words), timeout or 0.0, *found["whole"])
    out, err = found["whole"]
    if options.get("stderr") == subprocess.STDOUT:
        out, err = out + err, None
    status = -9 if found["status"] is None else found["status"]
    if not text:
        out, err = (None if one is None else one.encode() for one in (out, err))
    return subprocess.CompletedProcess(list(words), status, out, err)


SOCKETS = {
    "AF_UNIX": 1,
    "SO_REUSEADDR": 2,
    "SO_KEEPALIVE": 9,
    "SO_ERROR": 4,
    "SOL_SOCKET": 1,
    "SOMAXCONN": 4096,
    "TCP_NODELAY": 1,
}
"""Constants of socket that Twisted names when it makes transports, for the simulated network too."""


def _to_bytes(family: int, text: str) -> bytes:
    """Stand in for socket.inet_pton, which knows no IPv6 here.

    Raises:
        OSError: It is not an address of that family.
    """
    try:
        kind = ipaddress.IPv6Address if family == socket.AF_INET6 else ipaddress.IPv4Address
        return kind(text).packed
    except ValueError as error:
        raise OSError(str(error)) from None


def _to_text(family: int, data: bytes) -> str:
    """Stand in for socket.inet_ntop.

    Raises:
        ValueError: It has not the length of an address of that family.
    """
    kind = ipaddress.IPv6Address if family == socket.AF_INET6 else ipaddress.IPv4Address
    return str(kind(data))


def _addresses(
    host: str | bytes | None,
    port: int | str | None,
    family: int = 0,
    type: int = 0,
    proto: int = 0,
    flags: int = 0,
) -> list[tuple[Any, ...]]:
    """Stand in for socket.getaddrinfo, of addresses and of localhost.

    Raises:
        socket.gaierror: It is another name.
    """
    text = host.decode("ascii") if isinstance(host, bytes) else host or "localhost"
    try:
        address = ipaddress.ip_address("127.0.0.1" if text == "localhost" else text)
    except ValueError:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known") from None
    number = int(port or 0)
    kind = type or socket.SOCK_STREAM
    if address.version == 6:
        return [(socket.AF_INET6, kind, proto or 6, "", (str(address), number, 0, 0))]
    return [(socket.AF_INET, kind, proto or 6, "", (str(address), number))]


class _PathSocket:
    """Stand in for a UNIX socket that is only bound, so that its path has a file."""

    def bind(self, path: bytes) -> None:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL))

    def __enter__(self) -> _PathSocket:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is open."""


class _Socket(socket.socket):
    """Stand in for socket.socket."""

    def __new__(cls, family: int = -1, *_: Any, **__: Any) -> Any:
        made = _PathSocket if family == SOCKETS["AF_UNIX"] else cls
        return object.__new__(made) if made is _PathSocket else super().__new__(cls)


def install() -> None:
    """Put the stand-ins in place, and let the machine have what is printed."""
    for number, name in ((1, "printed"), (2, "complained")):
        file = os.open(f"/dev/{name}", os.O_WRONLY)
        os.dup2(file, number)
        os.close(file)
    sys.executable = PYTHON
    trial = Path(PYTHON).with_name("trial")
    trial.parent.mkdir(parents=True, exist_ok=True)
    trial.touch(0o755)
    os.environ["PATH"] = str(trial.parent)
    for name, value in SOCKETS.items():
        vars(socket).setdefault(name, value)
    vars(socket).update(inet_pton=_to_bytes, inet_ntop=_to_text, has_ipv6=True)
    vars(socket).update(socket=_Socket, getaddrinfo=_addresses)
    vars(os).update(_exit=_exit, abort=_abort, kill=_kill, waitpid=_waitpid, cpu_count=lambda: 1)
    vars(os).setdefault("WNOHANG", 1)
    vars(os).update(closerange=_close_range)
    # It is there, and fails.
    vars(os).pop("fork", None)
    vars(signal).update(setitimer=_set_timer)
    vars(signal).setdefault("ITIMER_REAL", 0)
    vars(faulthandler).update(
        dump_traceback_later=_dump_later, cancel_dump_traceback_later=_cancel_dump
    )
    vars(subprocess).update(run=_run)
