"""Reads and checks sets of cases (`sets`), makes the user's (`casemaker`), keeps some out of training (`held_out`)."""
