"""A query enters, the chunks that bear on it leave: by meaning and by words, fused by their scores."""
