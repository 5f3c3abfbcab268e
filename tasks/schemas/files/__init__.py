"""Files that a person brings, read within bounds."""
