"""Measures what the assistant costs and is worth, by the same code path as the chat.

- `cli`, `tab`: the measurement in the terminal, and in the app
- `report`: runs and comparisons for people to read
- `twins`: sets with the evidence removed or changed
- `bench`: time, memory and disk
- `training`: the readers' training
- `run`: asks every case of a plan, and writes the run folder
- `numbers`: means, intervals, comparisons and thresholds
- `scorers`: the scores of one answer
- `cases`: eval sets
- `types`: the nouns
"""
