"""Programs that the verification copies to a host and runs there."""
