"""Runs and comparisons as people read them: one HTML file, and lines in the terminal."""

from importlib.resources import files


def asset(name: str) -> str:
    """Return the text of a script, style sheet or page that ships with this package."""
    return (files(__name__) / "assets" / name).read_text(encoding="utf-8")
