#!/usr/bin/env bash
# A producer that reports what was acknowledged, for tests.
export KAFKA_HEAP_OPTS="${KAFKA_HEAP_OPTS:--Xmx512M}"
exec "$(dirname -- "$0")/kafka-run-class.sh" org.apache.kafka.tools.VerifiableProducer "$@"
