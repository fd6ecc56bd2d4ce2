"""Shows runs and comparisons to people: as one HTML file (`page`), and as lines in the terminal (`compare_text`)."""
