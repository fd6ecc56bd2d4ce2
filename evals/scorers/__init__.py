"""Scores one answer: its words (`answer`), citations (`citations`) and search (`retrieval`). `score` joins all."""
