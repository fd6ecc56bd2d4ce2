"""Decides which sentences answer a question, and whether a written statement stands on them.

- reading: `readers` loads `reader` and `small_reader`; `bearing` turns what they say into a choice of sentences
- the prompt's evidence: `context` numbers sentences; the reply: `segment` cuts the stream, `extractive` needs no model
- a statement against the article: `align`, `quantities`, `numerals`, `units`, `dates`, `denials`, `opposites`, `swaps`
- an answer against the question: `fitting`, `kinds`, `of_kind`, `polarity`, `reasons`, `enumeration`, `echo`
- several at once: `counted` for lists, `two_part` for two questions, `disagree` for two articles
"""
