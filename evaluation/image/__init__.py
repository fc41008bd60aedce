"""Measuring image search: tasks made of images, and what becomes of them when images are worse."""
