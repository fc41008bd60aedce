"""Reranking: the best candidates of the fused list are read more closely and put in a better order."""
