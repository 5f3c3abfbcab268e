"""What a plan needs and would do, told before any work: `book2lora check`."""
