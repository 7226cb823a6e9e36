"""Graphs of a state machine: outline.py reads the definition, the others draw it as SVG, Mermaid and DOT.

Knows definitions and pictures; must never know executions (a picture is painted by what it is told).
"""
