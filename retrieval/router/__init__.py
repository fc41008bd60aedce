"""Which experts a question is sent to: lexical, dense, image, slide, tools, or none."""
