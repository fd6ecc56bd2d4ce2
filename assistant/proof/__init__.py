"""What an article proves: which sentences answer a question, and whether a statement stands on them."""
