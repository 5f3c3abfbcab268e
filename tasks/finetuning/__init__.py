"""Finetuning: pairs in, a LoRA adapter and its training log out."""
