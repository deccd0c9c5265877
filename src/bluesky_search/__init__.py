"""A service that searches Bluesky for a term and writes each post found once to a Kafka topic."""
