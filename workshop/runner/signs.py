"""Signs other than events by which the child process reports to the tool."""

END_OF_JOB = b"\0end of job\0"
"""Bytes on standard error after everything that a job has printed."""
CUT_OFF = 71
"""The exit code of a child that can no longer report."""
