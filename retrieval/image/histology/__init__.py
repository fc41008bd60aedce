"""Classical histology features: what can be measured in a stained section without any trained network."""
