"""PubMed's bulk files: what there is, what is to be read, and how it gets here."""
