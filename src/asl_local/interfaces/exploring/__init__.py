"""Exploring from the command line. Knows how it is asked for and shown; must never know how it is done."""
