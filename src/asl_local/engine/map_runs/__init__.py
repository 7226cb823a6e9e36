"""Map Runs: what a Distributed Map does, each item or batch of items an execution of its own, nested in its
parent's value.
"""
