"""What the assistant costs: time, memory and disk, against plain baselines in the same run."""
