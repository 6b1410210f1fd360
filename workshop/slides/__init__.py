"""Decks, handouts, and the real runs that they show."""
