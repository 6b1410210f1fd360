"""The stages of the workshop, one package each."""
