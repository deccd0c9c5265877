"""A local XRPC server that stands in for Bluesky where there is no account, and the posts that it serves."""
