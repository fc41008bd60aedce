"""Does a text say what a sentence claims? Verdicts with the span of text that decided."""
