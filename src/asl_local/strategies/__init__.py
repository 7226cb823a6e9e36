"""Hypothesis strategies for state machines: JSON values, inputs that reach every choice, whole definitions, answers.

Knows definitions, plans and what a machine reads. Must never know how a test is run.
"""
