"""The same contract on every reactor and over every kind of connection."""
