"""Measures and experiments over published generations."""
