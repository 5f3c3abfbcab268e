"""Studies and sweeps as records: numbers, what became of them, what they need of the store."""
