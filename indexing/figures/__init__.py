"""Figures of open-access articles: from the PMC Cloud or a folder, with captions, panels and licences."""
