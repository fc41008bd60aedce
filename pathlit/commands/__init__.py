"""One file per command; each turns options into one call of the packages below."""
