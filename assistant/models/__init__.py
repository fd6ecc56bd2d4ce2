"""Models by name: weights are fetched and verified, servers run, and words come out as they are written."""
