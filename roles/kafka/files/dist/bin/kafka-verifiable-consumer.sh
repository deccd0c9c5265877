#!/usr/bin/env bash
# A consumer that reports what it read, for tests.
export KAFKA_HEAP_OPTS="${KAFKA_HEAP_OPTS:--Xmx512M}"
exec "$(dirname -- "$0")/kafka-run-class.sh" org.apache.kafka.tools.VerifiableConsumer "$@"
