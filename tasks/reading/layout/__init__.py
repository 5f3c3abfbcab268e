"""Where glyphs stand: rows, columns, tables, words and their order, for every direction of
writing.
"""
