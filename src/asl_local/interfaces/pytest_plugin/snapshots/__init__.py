"""Snapshots: masks.py hides what differs from run to run, text.py writes, fixture.py compares, unused.py tells what is
left over.
"""
