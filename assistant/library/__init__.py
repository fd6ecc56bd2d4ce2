"""Manages the user's articles, and builds and switches the indexes over them.

`intake` and `delivery` add articles, `shelf` finds, renames, removes and restores them, and `originals` keeps PDFs.
`indexes` and `stock` manage indexes and embedders, and `starters` suggests first questions.
"""
