"""What cases share: hosts, labs, waits, comparisons."""
