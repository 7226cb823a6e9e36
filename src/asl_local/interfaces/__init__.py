"""The ways in: from Python, from the command line. Knows every other floor; nothing imports it but the front door."""
