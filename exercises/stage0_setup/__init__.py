"""This machine can do the course: Python, Twisted, loopback, trial."""
