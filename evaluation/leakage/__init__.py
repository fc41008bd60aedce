"""Was a system trained on the test? Training data are searched; what is known of public encoders is said."""
