"""`asl-local coverage`: reports of what a test run has covered of its machines, from the data files that it left.

Knows: options, files and exit codes. Must never know: what there is to cover, or how a report is made.
"""
