"""The document side: sources, catalog, build."""
