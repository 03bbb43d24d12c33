"""One run, from its rows to its end: what it knows, and who sends, polls and cancels."""
