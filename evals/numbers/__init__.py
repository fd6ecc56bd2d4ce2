"""Turns the scores of many cases into means with intervals, comparisons of two runs, and thresholds.

`metrics` names the metrics, `counting` says what a row counts as, `statistics` gives means and intervals. `summary`
is about one run, `compare` about two, and `gate` says what falls short.
"""
