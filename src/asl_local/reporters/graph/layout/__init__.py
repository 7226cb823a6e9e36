"""The layered layout of one block: nodes in layers from top to bottom, edges around what they pass, room for labels.

Knows: sizes and links. Must never know: what a node stands for.
"""
