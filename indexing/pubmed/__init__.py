"""PubMed's XML: bytes in, records out, nothing else touched."""
