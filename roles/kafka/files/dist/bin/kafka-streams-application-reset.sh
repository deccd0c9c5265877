#!/usr/bin/env bash
# Resets a Kafka Streams application's offsets and internal topics.
exec "$(dirname -- "$0")/kafka-run-class.sh" -tool org.apache.kafka.tools.StreamsResetter "$@"
