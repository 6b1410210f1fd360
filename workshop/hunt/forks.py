"""Jobs in forks of this process, each bounded in real time: what a fork answers, or how it ended instead."""

from __future__ import annotations

import faulthandler
import json
import mmap
import os
import select
import signal
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from workshop.hunt.loading import explains

Job = dict[str, Any]
POLL, SHORT = 0.1, 0.001
"""Seconds between two looks at a fork that runs, or that ends."""
LAST_WORDS = 0.5
"""Seconds that a fork which hangs has to write where it is, and one that has answered to end."""
POSITION = struct.Struct("=q")
DIED = 70
"""The exit code of a fork in which our own code failed."""


class Forks:
    """Runs jobs in forks of this process, and watches over them."""

    def __init__(self, limit: float, answers: int) -> None:
        self._limit = limit
        self._answers = answers
        self._parent = os.getppid()
        self._shared = mmap.mmap(-1, POSITION.size)
        self._stack, self._its_stack = os.pipe()
        self._notes = os.open("notes", os.O_RDWR | os.O_CREAT | os.O_APPEND)

    def at(self, history: int) -> None:
        """Note which history begins, so that one that hangs can be named."""
        POSITION.pack_into(self._shared, 0, history)

    def note(self, what: Any) -> None:
        """Keep something, in a fork, for the case that it does not end well."""
        os.write(self._notes, json.dumps(what).encode() + b"\n")

    def forked(self, do: Callable[[], Job], limit: float = 0) -> Job:
        """What a function returns in a fork; or a failure's kind and text, and how far it was: "at", and its notes.

        Args:
            limit: Seconds that a history may take, if not the usual.
        """
        limit = limit or self._limit
        os.ftruncate(self._notes, 0)
        reading, writing = os.pipe()
        self.at(-1)
        pid = os.fork()
        if pid == 0:
            code = DIED
            try:
                os.close(reading)
                os.close(self._answers)
                signal.signal(signal.SIGINT, signal.SIG_IGN)
                faulthandler.register(signal.SIGUSR1, file=self._its_stack, all_threads=False)
                answer = json.dumps(do()).encode()
                with open(writing, "wb") as file:
                    file.write(answer)
                code = 0
            finally:
                os._exit(code)
        os.close(writing)
        data = b""
        try:
            data, hangs = self._read(reading, limit)
        finally:
            os.close(reading)
        where = self._stack_of(pid) if hangs else ""
        if hangs:
            os.kill(pid, signal.SIGKILL)
        status = os.waitstatus_to_exitcode(_ended(pid))
        if hangs:
            where = f": {where}" if where else ""
            text = f"It still ran after {limit:g} s of real time, and was ended{where}."
            return self._gone("hung", text)
        if status or not data:
            how = f"killed by signal {-status}" if status < 0 else f"with exit code {status}"
            return self._gone("died", f"It ended its process, {how}.")
        found: Job = json.loads(data)
        return found

    def _gone(self, kind: str, text: str) -> Job:
        """The failure of a fork that cannot answer."""
        at = max(0, *POSITION.unpack_from(self._shared, 0))
        os.lseek(self._notes, 0, os.SEEK_SET)
        with open(os.dup(self._notes), "rb") as file:
            notes = [json.loads(line) for line in file if line.endswith(b"\n")]
        return {"gone": True, "kind": kind, "text": text, "at": at, "notes": notes}

    def _read(self, file: int, limit: float) -> tuple[bytes, bool]:
        """What a fork answers; and whether it hangs, that is, has been at the same place for longer than the limit."""
        data = b""
        place, since = b"", time.monotonic()
        while True:
            if select.select([file], [], [], POLL)[0]:
                part = os.read(file, 1 << 20)
                data += part
                if not part:
                    return data, False
                continue
            if self._shared[:] != place:
                place, since = self._shared[:], time.monotonic()
            elif time.monotonic() - since > limit:
                return data, True
            if os.getppid() != self._parent:
                os.killpg(0, signal.SIGKILL)  # whoever started this is gone

    def _stack_of(self, pid: int) -> str:
        """Where a fork is, in the user's own files."""
        os.kill(pid, signal.SIGUSR1)
        text, wait = b"", LAST_WORDS
        # It comes in pieces.
        while select.select([self._stack], [], [], wait)[0]:
            text += os.read(self._stack, 1 << 16)
            wait = POLL
        for line in text.decode("utf-8", "replace").splitlines():
            words = line.strip().split('"')
            if len(words) == 3 and explains(words[1]):
                return f"{Path(words[1]).name}{words[2].replace(' in ', ', in ')}".strip()
        return ""


def _ended(pid: int) -> int:
    """The status of a fork that has nothing more to say. One that has only closed its files is ended."""
    deadline = time.monotonic() + LAST_WORDS
    while time.monotonic() < deadline:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return status
        select.select([], [], [], SHORT)
    os.kill(pid, signal.SIGKILL)
    return os.waitpid(pid, 0)[1]
