"""The reader's training: question sets enter, the weights that ship with the assistant leave.

`rows` reads the sets, `examples` makes of them what the reader must tell apart, `network` is what learns, and `train`
is the command.
"""
