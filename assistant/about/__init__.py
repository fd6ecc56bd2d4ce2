"""Answers questions about the article itself, and small talk, by rule: without a search and without a model.

`recognise` finds what a question asks for (`english`, `japanese`, `spelling`); `request` is the result. `told` answers it
from `details`, `summary`, `listing`, `dates` and `names`, or with a line of the assistant's own (`lines`).
"""
