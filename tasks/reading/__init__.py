"""The reading stage."""

VERSION = 2
