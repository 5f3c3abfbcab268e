"""The reading stage."""

VERSION = 1
