"""Foreign files are opened in child processes with limits."""
