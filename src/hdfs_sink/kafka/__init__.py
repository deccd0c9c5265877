"""Kafka: the source of records, and the topic of dead letters."""
