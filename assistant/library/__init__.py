"""The library as its reader has it: articles go in and out, and the indexes over them are built and switched."""
