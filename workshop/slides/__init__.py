"""Decks, handouts, what they show of real runs."""
