"""Cases whose right answer follows from the article alone: its evidence taken out, or its facts changed."""
