"""Takes a plan and writes a run folder: every case is asked by the chat's own path, and saved as it ends.

`jobs` splits the plan, `engine` runs it, `ask` asks one case, and `runs` is the folder. `kept` reuses old replies,
`bots` and `plain` are the floors, ceilings and baseline, and `judge` grades with a model.
"""
