"""Turns texts into vectors, and keeps and searches them.

`embed` turns texts into vectors (`encoder`, `encoder_graph`), `cache` keeps them, and `chroma` searches them, in a
folder or on a `server`.
"""
