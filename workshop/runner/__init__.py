"""One bounded child process, one Result."""
