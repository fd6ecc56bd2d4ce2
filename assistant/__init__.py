"""The conversation: takes a question, and returns sentences that an article proves, or none.

`types` has the nouns, `settings` the numbers, and `wiring` alone picks concrete classes.
A room may import those below it:

- `cli`: the terminal
- `app`: the page in the browser
- `startup`, `workbench`: what is made ready first, and what a front may ask for
- `conversations`, `library`: what is kept, and the articles with their indexes
- `contract`, `runnable`: the answer as JSON, and for LangChain
- `answer`: the path of one question
- `about`: questions about the article itself
- `proof`: what an article proves
- `models`: the models that write
- `home`, `jobs`, `redact`, `text`, `errors`: the home folder, background work, keys, safe text, what goes wrong
"""
