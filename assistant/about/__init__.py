"""Questions about the article itself, and small talk: recognised by rule, answered without a search or a model."""
