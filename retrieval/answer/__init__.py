"""From a question to sentences that the literature supports, each checked against the papers that it cites."""
