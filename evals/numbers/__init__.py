"""Scores of many cases enter; means with intervals, summaries, comparisons and thresholds leave."""
