"""Measures what the assistant costs (time, memory, disk) against plain baselines in the same run.

``python -m evals.bench`` compares the assistant with the `tutorial` recipe; `library` measures a library as it grows.
`pairs` measures how well the check tells right citations from wrong ones.
"""
