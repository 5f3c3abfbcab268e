"""GGUF files in and out: a base from one, a tuned model as one."""
