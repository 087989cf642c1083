"""Performance as ratios: `python -m tests.bench` measures pairs side by side and prints both sides.

Absolute figures say more about the machine than about the portal, so nothing here fails on a time.
"""
