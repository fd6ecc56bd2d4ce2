"""The library as its user has it: articles go in and out, and the indexes over them are built and switched."""
