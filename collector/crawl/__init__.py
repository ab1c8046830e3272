"""A run: which URL next, what a query needs next, and what became of each message."""
