"""Tasks that are made from a catalog, and the folder that keeps one."""
