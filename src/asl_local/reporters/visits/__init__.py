"""Visits: what an execution did, state by state, read off its history.

Knows events and definitions; must never know pages, terminals or colours.
"""
