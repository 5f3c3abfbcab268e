"""Finetuning: pairs in, a LoRA adapter and its training log out."""

VERSION = 1
BASE_VERSION = 2  # of prepare_base alone: from 2 on a base is checked whole before it is handed on
