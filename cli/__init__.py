"""The commands behind ./lab. Standard library only, so that --help and doctor run before .venv exists."""
