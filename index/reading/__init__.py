"""Files of many formats become articles: bytes enter, a Document with canonical text leaves.

`load` reads one's own, `parser` a stranger's, in a child that can be stopped. `formats` tells what a file is, `load_…`
each reads one, `decode` finds its encoding, `boilerplate` and `hidden` what of a page is not its text, and `canonical`
puts it together.
"""
