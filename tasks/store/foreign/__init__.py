"""Foreign files are parsed in child processes with limits."""
