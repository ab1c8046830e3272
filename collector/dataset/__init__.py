"""From a folder of pictures to a set one can train on: what to leave out, how to split, how to write it down."""
