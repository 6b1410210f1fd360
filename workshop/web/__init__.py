"""The course in a browser: static files, in which the tool itself runs."""
