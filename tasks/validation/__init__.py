"""Let through only items that are grounded, sound, unrepeated and unleaked; account for every other
one.
"""
