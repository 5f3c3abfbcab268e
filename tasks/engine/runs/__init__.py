"""A run of a study or a sweep as a record: its folder, what became of it, what it needs."""
