"""Runs and comparisons as people read them: one HTML file, and lines in the terminal."""
