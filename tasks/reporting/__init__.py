"""Write the study folder: what a person wants to see, keep and pass on."""

VERSION = 5
