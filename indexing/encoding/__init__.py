"""Encoding: texts without vectors, cut into partitions that this process encodes, or workers of Ray."""
