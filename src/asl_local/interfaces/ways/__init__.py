"""What a Machine can do besides `run` and `simulate`. Knows every other floor, as machine.py does; must never
know options.
"""
