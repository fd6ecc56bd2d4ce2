"""Trains the two readers: question sets go in, and the weights that ship with the assistant come out.

The large reader's probes: `reader_examples` makes the examples, and `train_reader` is the command. The small reader:
`rows` reads the sets, `examples` makes the examples, `network` learns, `measure` says how well, and `train` and
`ship` are the commands.
"""
