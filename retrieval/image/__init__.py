"""Images as questions: may it be asked (gate), what part of it (regions, panels, slides), what it shows (concepts)."""
