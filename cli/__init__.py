"""The commands behind ./lab. Standard library only, so that --help and doctor run before .venv exists."""

import sys
from pathlib import Path

# Where Ansible finds the project's collection, by ansible.cfg. Those of its modules that need no Ansible run here too.
sys.path.append(str(Path(__file__).resolve().parent.parent / "collections"))
