"""Speed and quality, side by side with peers in one run; started by hand."""
