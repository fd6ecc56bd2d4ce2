"""The conversation: a question enters; sentences that an article proves leave, or none.

`chain` is the path of a question, `wiring` where concrete classes meet, `types` the nouns. Six rooms stand around, and
each may know those after it: `cli` the terminal, `app` the page in the browser, `library` the articles and their
indexes, `about` questions about the article itself, `proof` what an article proves, `models` who speaks. `library` and
`proof` meet in `wiring` alone.
"""
