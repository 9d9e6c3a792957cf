"""Trained comparisons of the paper and its followers, at a size of one's own."""
