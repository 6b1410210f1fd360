"""Run trial's own command line inside the child process of a %%trial cell, with a bound on time, memory and repetition.

    python cell_child.py LIMIT TIMES trial's own options and targets
    python cell_child.py serve

The second serves jobs from standard input, each in a fork; see warm.py. It is started as a script, so that the cell's code
cannot import the tool by accident.
"""

import faulthandler
import importlib
import io
import json
import os
import sys
from typing import Any

MEMORY = 2 << 30
# Modules that nearly every cell imports, and that install no reactor.
AHEAD = (
    "twisted.scripts.trial",
    "twisted.trial.runner",
    "twisted.trial.unittest",
    "twisted.trial._asyncrunner",
    "twisted.internet.endpoints",
    "twisted.internet.task",
    "twisted.internet.testing",
    "twisted.internet.asyncioreactor",
    "twisted.internet.selectreactor",
)


def serve() -> None:
    """Import Twisted, then fork for each job, and report its process id and its exit code."""
    for name in AHEAD:
        importlib.import_module(name)
    assert "twisted.internet.reactor" not in sys.modules
    answers = os.dup(1)

    def answer(**facts: int) -> None:
        os.write(answers, json.dumps(facts).encode() + b"\n")

    # Use readline: iteration would read ahead, and a fork would inherit the buffered data.
    for line in iter(sys.stdin.buffer.readline, b""):
        job = json.loads(line)
        pid = os.fork()
        if pid == 0:
            code = 70
            try:
                os.setsid()
                os.close(answers)
                os.chdir(job["place"])
                os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
                printed = os.open("printed", os.O_WRONLY | os.O_APPEND)
                os.dup2(printed, 1)
                os.dup2(printed, 2)
                main(float(job["words"][0]), int(job["words"][1]), job["words"][2:])
            except SystemExit as end:
                if isinstance(end.code, str):
                    print(end.code, file=sys.stderr)
                code = end.code if isinstance(end.code, int) else 1
            finally:
                sys.stdout.flush()
                os._exit(code)
        answer(pid=pid)
        answer(code=os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


def main(limit: float, times: int, words: list[str]) -> None:
    """Run trial as its own command does, and end it after ``limit`` seconds, with the stack of every thread."""
    sys.path[0] = ""  # and not the tool's own folder
    # As in a shell: what a failure on the simulated network prints can be used again.
    while words and words[0].startswith("SIMULATED_"):
        name, _, value = words.pop(0).partition("=")
        os.environ[name] = value
    # This works from C, whatever Python code does, even if it never gives up the processor.
    faulthandler.dump_traceback_later(limit, exit=True, file=1)
    if sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    from twisted.scripts import trial
    from twisted.trial import reporter, runner

    class Runner(runner.TrialRunner):
        """A runner that ends the repetition, which trial would continue for ever, and reports only the last run."""

        def runUntilFailure(self, test: Any) -> Any:
            out, result = self.stream, None
            for n in range(1, times + 1):
                run = self.stream = io.StringIO()
                # trial decorates a suite once, and runs it without that from then on.
                result = self._runWithoutDecoration(test) if n > 1 else self.run(test)
                if n == times or not result.testsRun or not result.wasSuccessful():
                    break
            out.write(f"Run {n} of at most {times}:\n{run.getvalue()}")
            return result

    # trial leaves out the frames of a failing async test, its own among them. The parent chooses instead.
    reporter.Reporter._trimFrames = lambda self, frames: frames  # type: ignore[method-assign]
    trial.TrialRunner = runner.TrialRunner = Runner  # type: ignore[misc,attr-defined]
    sys.argv = ["trial", *words]
    trial.run()


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        serve()
        sys.exit()
    main(float(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
