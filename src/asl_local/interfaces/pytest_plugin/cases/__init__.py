"""Case files, `*.asltest.yaml`: table.py has their form, reading.py reads them, running.py runs a case,
items.py collects.
"""
