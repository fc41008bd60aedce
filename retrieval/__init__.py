"""The query side, and what both sides must agree on: records, analyzer, encoders, index, search."""
