"""The command line, and the one place where settings become objects."""
