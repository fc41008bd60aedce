"""A leaderboard from stored runs, as a page, a text and data; nothing is searched again."""
