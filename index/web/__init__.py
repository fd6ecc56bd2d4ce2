"""A page's address becomes its bytes: `fetch`. What may be asked is decided as it connects: `connect`, `addresses`."""
