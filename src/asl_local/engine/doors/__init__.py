"""What an execution does besides beginning and running: its class borrows it. Knows strands; must never know
clocks or I/O.
"""
