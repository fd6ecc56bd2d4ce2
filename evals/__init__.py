"""The measurement: what the assistant costs and is worth, by the same code path as the chat."""
