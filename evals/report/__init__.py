"""Shows runs and comparisons to people: as one HTML file (`page`), and as lines in the terminal (`compare_text`)."""

from importlib.resources import files


def asset(name: str) -> str:
    """Return the text of a script, style sheet or page that ships with this package."""
    return (files(__name__) / "assets" / name).read_text(encoding="utf-8")
