"""pytest's hooks of the verification."""
