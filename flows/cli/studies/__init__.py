"""What is told of the studies in a store: table, comparisons, notes, what the store holds."""
