"""What the child process says to the tool other than by events."""

END_OF_JOB = b"\0end of job\0"
"""Bytes on standard error after all that a job has printed."""
CUT_OFF = 71
"""The exit code of a child that can no longer report."""
