"""Serve the folder of static files on this machine, as a web server on the internet does: compressed, and checked again."""

from __future__ import annotations

import hashlib
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.internet.threads import deferToThread
from twisted.web.resource import Resource, _UnsafeNoResource
from twisted.web.server import NOT_DONE_YET, Request, Site

from workshop.course import CourseError
from workshop.web.build import compressed
