"""Finds the chunks that bear on a query: by meaning and by `keyword`, joined by `fuse`; `retrieve` does it all."""
