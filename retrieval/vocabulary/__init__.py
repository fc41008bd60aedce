"""The names of pathology: the file that a pathologist edits, and its reader."""
