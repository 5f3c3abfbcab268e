"""Models: their folders are checked before use, and adapters are attached without touching the
base.
"""
