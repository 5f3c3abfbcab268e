"""Generation: what a writer draws from the book's passages, stored exactly as it came."""
