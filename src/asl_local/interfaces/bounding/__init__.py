"""Bounds from the command line.

Knows options and exit codes; must never know how a bound is found.
"""
