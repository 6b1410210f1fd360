"""The tool as it runs in a browser: tests are processes of one interpreter, and the commands' own code answers the page."""
