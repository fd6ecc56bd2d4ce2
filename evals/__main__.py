"""``python -m evals`` is ``evals``."""

from evals.cli import main

main()
