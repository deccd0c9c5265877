#!/usr/bin/env bash
# Prints the records of a topic.
exec "$(dirname -- "$0")/kafka-run-class.sh" -tool org.apache.kafka.tools.consumer.ConsoleConsumer "$@"
