"""Diagnostics told: to a person at a terminal, and as AWS tells them."""
