#!/usr/bin/env bash
# Prints JMX values of a Kafka process.
exec "$(dirname -- "$0")/kafka-run-class.sh" -tool org.apache.kafka.tools.JmxTool "$@"
