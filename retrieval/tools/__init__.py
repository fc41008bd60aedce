"""External models that an operator attaches by address and schema: what they are, how they are called."""
