"""The page that has the course in it: built as static files, and served."""
