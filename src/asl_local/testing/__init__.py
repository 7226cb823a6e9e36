"""What tests of a state machine are made of: coverage, exploration, counterexamples, bounds, replay.

Knows plans, executions, drivers, resources and what reporters show. Must never know how somebody asked for it: Python,
the command line and pytest are interfaces.
"""
