"""What a text is made of: its language, sentences, terms, and the chunks that are searched."""
