"""A plan enters, a run folder leaves: every case asked by the chat's own path, and kept as it ends."""
