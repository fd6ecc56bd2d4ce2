"""Finds what a text is made of: its `language`, `sentences` and `words`, and the chunks (`split`) that are searched."""
