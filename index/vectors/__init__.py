"""Texts become vectors, kept and searched: the embedder, its cache, and Chroma in a folder or on a server."""
