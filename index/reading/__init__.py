"""Turns files of many formats into articles: bytes go in, a Document with canonical text comes out.

- `load`: reads a trusted file; `sandbox` reads any other one, in a child process that can be stopped
- `formats`: finds a file's format; `load_…` reads one format each, and `batch` a file of many articles
- `decode`, `metadata`, `front_matter`: the encoding, and what a file says about itself
- `boilerplate`, `hidden`, `accordion`, `json_ld`, `tables`, `list_numbers`, `equation`: the text of a web page
- `word_…`: equations and numbers of a Word document
- `canonical`: puts it all together
"""
