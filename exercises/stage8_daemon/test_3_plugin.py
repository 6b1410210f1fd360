"""twist finds the plugin in a folder that has only the daemon's files, and reports bad options."""

import json
import re
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from .twisted_process import HERE, python, shipped, twist

# Loads what twist loads before it installs a reactor, and prints which files it came from.
LOOK = """
import inspect, json, sys, twisted
from twisted.application.service import IServiceMaker
from twisted.plugin import getPlugins

found = [one for one in getPlugins(IServiceMaker) if one.tapname == "poetry"]
files = [inspect.getfile(part) for one in found for part in (one.options, one.makeService)]
installed = "twisted.internet.reactor" in sys.modules
print(json.dumps({"count": len(found), "files": files, "reactor": installed}))
"""


class Step03Plugin(SynchronousTestCase):
    """twist poetry is a command.

    Write twisted/plugins/poetry_plugin.py: one ServiceMaker, assigned to a variable of any name,
    for the module poetry_daemon and the command poetry, with a description. Loading it installs no
    reactor.
    """

    longMessage = False  # Our message alone, not unittest's before it.
    seen = None

    def look(self):
        """Run LOOK. Returns its output, its folder and its errors. It runs only once, since a process is slow."""
        if self.seen is None:
            folder = shipped()
            code, said, errors = python(self, folder, "-c", LOOK)
            self.assertEqual(code, 0, f"Expected the plugin to load; got {errors[-1000:]}")
            type(self).seen = json.loads(said.splitlines()[-1]), folder, errors
        return self.seen

    def test_help(self):
        """twist --help lists the command poetry, with a description."""
        code, said, errors = twist(self, shipped(), "--help")
        self.assertEqual(code, 0, f"Expected exit code 0 from twist --help; got {code}. {errors}")
        commands = dict(re.findall(r"(?m)^ +([a-z]\S*) +(\w.*)", said.partition("Commands:")[2]))
        self.assertIn(
            "poetry",
            commands,
            f"Expected twist --help to list poetry; it lists {[*commands]}. Is a ServiceMaker "
            f"assigned to a name in poetry_plugin.py? {errors}",
        )

    def test_own_module(self):
        """Options and makeService come from the poetry_daemon.py beside the folder twisted."""
        found, folder, errors = self.look()
        self.assertEqual(
            found["count"],
            1,
            f"Expected one plugin for poetry; there are {found['count']}. Is a ServiceMaker assigned "
            f"to a name in poetry_plugin.py? {errors}",
        )
        expected = folder / "poetry_daemon.py"
        for file in found["files"]:
            self.assertEqual(
                Path(file).resolve(),
                expected,
                f"Expected the plugin in {folder} to use {expected.name} beside it; it uses {file}.",
            )

    def test_no_init(self):
        """Neither folder, twisted nor twisted/plugins, has an __init__.py."""
        for folder in ("twisted", "twisted/plugins"):
            self.assertFalse(
                (HERE / folder / "__init__.py").exists(),
                f"Expected no {folder}/__init__.py in {HERE.name}: with it, the folder hides the real "
                "package of its name instead of adding to it.",
            )

    def test_no_reactor(self):
        """Loading the plugin and its module installs no reactor, so that twist --reactor can choose one."""
        self.assertFalse(
            self.look()[0]["reactor"],
            "Expected poetry_plugin.py and poetry_daemon.py to install no reactor when they are loaded; "
            "they did. Import it inside a function, not at the top of a file.",
        )

    def test_bad_options(self):
        """With bad options, twist prints the reason in its first line, without a traceback; its exit code is not 0."""
        words = "--poem", "poem.txt", "--port", "tcp"
        code, said, errors = twist(self, shipped(), "poetry", *words)
        self.assertNotEqual(code, 0, f"Expected {words} to be refused; got exit code 0. {said}")
        self.assertTrue(
            re.match("Error: .*tcp.*\n", errors) and "Traceback" not in errors,
            f'Expected a line "Error: ..." with tcp in it for {words}, and no traceback; got '
            f"{errors[-1500:]}",
        )
