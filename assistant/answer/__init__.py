"""Takes one question from asked to answered: every front and every measurement calls `chain`.

`question` checks what was typed, `condense` and `rewrite` make it stand alone, `prompter` asks the model
(`fit` cuts the prompt), `replies` reads its ways of saying no, and `run` gathers it all. `compare` asks two models.
"""
