"""The course in a browser: the same tool, with processes in WebAssembly in place of the system's."""
