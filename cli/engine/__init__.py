"""Running Ansible, pytest and Molecule, and reading their events."""
