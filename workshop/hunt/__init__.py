"""Hunting for the history in which a test fails, and for why. search.py has what others call."""
