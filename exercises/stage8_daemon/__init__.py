"""The poetry server as a daemon that twist runs: options, start, log, stop, and the process itself."""
