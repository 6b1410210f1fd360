"""The course in a browser: a folder of static files, in which Python and Twisted run as WebAssembly."""
