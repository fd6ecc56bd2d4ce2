"""Makes twins of cases, whose right answer follows from the article alone: its evidence removed, or its facts changed.

`make` takes a set, `cases` makes one twin, and `edits` and `edit_values` choose the changes.
"""
