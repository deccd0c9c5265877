#!/usr/bin/env bash
# Measures how fast records are sent.
export KAFKA_HEAP_OPTS="${KAFKA_HEAP_OPTS:--Xmx512M}"
exec "$(dirname -- "$0")/kafka-run-class.sh" org.apache.kafka.tools.ProducerPerformance "$@"
