"""The board: where the pairs of a class are. Its message, its rows, its page and server, and what a pair sends it."""
