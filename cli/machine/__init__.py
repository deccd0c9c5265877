"""This machine: packages, keys, caches, sudo and the containers on it."""
