"""A case and what was answered enter, scores leave: of the words, the citations and the search."""
