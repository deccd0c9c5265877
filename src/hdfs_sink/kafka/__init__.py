"""Kafka: the source of records by one of two clients, and the topic of dead letters."""
