"""JupyterHub for the course on one machine. The README.md of .jupyterhub/ says what it needs."""

import os
import sys
from pathlib import Path

c = get_config()  # noqa: F821  (JupyterHub's)

# On this machine only: a web server with a certificate, in front of it, passes requests on.
c.JupyterHub.bind_url = "http://127.0.0.1:8000"

# Whoever has an account on this machine and its password may log in. JupyterHub has other authenticators.
c.Authenticator.allow_all = True

# Each server runs in the learner's home, with the packages that were installed once, for all: those of this Python.
PROGRAMS = Path(sys.executable).parent
c.Spawner.cmd = [str(PROGRAMS / "jupyterhub-singleuser")]
# So that python3 in a terminal is that Python too. Otherwise each learner would get all packages again.
c.Spawner.environment = {"PATH": os.pathsep.join([str(PROGRAMS), os.environ["PATH"]])}
c.Spawner.default_url = "/lab"

# A class logs in within a minute, and on few cores its servers then take minutes to start.
c.Spawner.start_timeout = 300
c.Spawner.http_timeout = 300

# An endless list in a learner's code takes memory until a limit ends it. Local processes have none:
# with the systemd spawner (pip install jupyterhub-systemdspawner), take out the "#" of the second line.
c.Spawner.mem_limit = "1G"
# c.JupyterHub.spawner_class = "systemd"
