"""The commands of ./lab: one file each, with `register` (its command line) and `run`."""
