"""The path of one question: `chain` walks it, the others are its steps; every front and every measurement calls it."""
