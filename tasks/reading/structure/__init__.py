"""What lines are: running heads, headings, paragraphs, chapters."""
