"""Which sentences of a draft need a citation, which papers carry them, and whether those it cites do."""
