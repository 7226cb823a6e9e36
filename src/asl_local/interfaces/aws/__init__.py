"""`asl-local aws`: the AWS command line's commands that a workshop uses, against the local stand-ins.

Knows: options, files and exit codes. Must never know: how a stand-in keeps what it is given.
"""
