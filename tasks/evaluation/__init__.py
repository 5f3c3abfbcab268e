"""Let base and tuned model sit the same questions, and compare what they said."""
