"""What a pair sends to a board, by its own wish: to a folder, as a file, or to an address, by HTTP.

Standard library only, so that a run need not import Twisted. Whatever the network does, sending takes a bounded time: it
happens in a thread, which is left behind if it is late, since a look-up of a name or a dead drive knows no limit.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

from workshop.board.folder import read_file
from workshop.board.message import ID, Message, is_name, text_of
from workshop.course.files import write

WITHIN = 1.0
"""Seconds that sending may add to a run."""
PATIENT = 5.0
"""Seconds that `share` itself waits."""
URL = re.compile(r"https?://", re.I)
# Names of files on any system: these characters, but Windows reserves some names.
FILE_NAME = re.compile(r"[\w '&+-]+(\.[\w '&+-]+)*")
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.I)


@dataclass(frozen=True)
class Share:
    """Where a pair shares its status: ``to`` is a folder or an address; ``sent`` is the line that was sent last."""

    to: str
    name: str
    id: str
    sent: str = ""

    @property
    def file(self) -> Path:
        """The pair's file, if it shares in a folder."""
        return Path(self.to) / f"{self.name}.json"


def _path(root: Path) -> Path:
    return root / ".workshop" / "share.json"


def recall(root: Path) -> Share | None:
    """Return what was agreed to; None if nothing is shared, or the file is damaged."""
    try:
        share = Share(**json.loads(_path(root).read_text("utf-8")))
        valid = all(isinstance(value, str) for value in asdict(share).values())
        return share if valid and fits(share.to, share.name) and ID.fullmatch(share.id) else None
    except (OSError, ValueError, TypeError, RecursionError):
        return None


def keep(root: Path, share: Share) -> None:
    """Go on sharing from now on."""
    write(_path(root), json.dumps(asdict(share), indent=1).encode())


def forget(root: Path) -> None:
    """Share nothing from now on."""
    _path(root).unlink(missing_ok=True)


def fits(to: str, name: str) -> bool:
    """Return whether a board shows this name and, in a folder, a file can have it."""
    if not is_name(name):
        return False
    return bool(URL.match(to)) or bool(FILE_NAME.fullmatch(name) and not RESERVED.fullmatch(name))


def send(share: Share, message: Message, within: float = WITHIN) -> str:
    """Send a message. Returns why that failed, in a few words; "" if it did not."""
    return _bounded(lambda: _send(share, message, within), within)


def remove(share: Share, within: float = PATIENT) -> str:
    """Take the pair's row off the board. Returns why that failed; "" if it did not."""
    return _bounded(lambda: _remove(share, within), within)


def _bounded(act: Callable[[], str], within: float) -> str:
    said: list[str] = []

    def run() -> None:
        try:
            said.append(act())
        except TimeoutError:
            pass
        except (OSError, http.client.HTTPException, ValueError) as error:
            said.append(getattr(error, "strerror", None) or str(error) or type(error).__name__)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(within)
    if not said:
        return f"no answer within {within:g} s"
    # Whoever answers may say anything: a line of it is enough.
    return " ".join("".join(c if c.isprintable() else " " for c in said[0]).split())[:120]


def _send(share: Share, message: Message, within: float) -> str:
    data = text_of(message).encode()
    if URL.match(share.to):
        return _asked("POST", share.to, data, within)
    if why := _folder_fault(share):
        return why
    write(share.file, data)
    return ""


def _remove(share: Share, within: float) -> str:
    if URL.match(share.to):
        return _asked("DELETE", f"{share.to.rstrip('/')}/{share.id}", b"", within)
    why = _folder_fault(share)
    if not why:
        share.file.unlink(missing_ok=True)
    return why


def _folder_fault(share: Share) -> str:
    """Return why the pair cannot write its file, if that is known: a drive that is not mounted is no folder to make."""
    if not Path(share.to).is_dir():
        return "there is no such folder"
    there = read_file(share.file)
    return "another pair has this name" if there and there.id != share.id else ""


def _asked(method: str, url: str, data: bytes, within: float) -> str:
    """Make a request of a board, without any proxy, and follow no redirection: a hotel's page is no board."""
    parts = urlsplit(url)
    if not parts.hostname:
        return "the address has no host"
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    with contextlib.closing(kind(parts.hostname, parts.port, timeout=within)) as connection:
        connection.request(method, parts.path or "/", data, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        if answer.status == 204:
            return ""
        if answer.status in (409, 503):
            return answer.read(200).decode("utf-8", "replace").strip()
        if answer.status == 404:
            return "no board has this address now"
        return f"the answer was {answer.status} {answer.reason}"
