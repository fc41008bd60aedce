"""Training from the corpus itself: adapted encoders, distilled students, and the learned reranker."""
