"""Encoders that put images and texts into one space."""
