"""A service that searches Bluesky for a term and writes each post once to a Kafka topic."""
