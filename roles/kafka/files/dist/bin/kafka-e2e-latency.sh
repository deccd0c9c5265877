#!/usr/bin/env bash
# Measures the time from producer to consumer.
exec "$(dirname -- "$0")/kafka-run-class.sh" org.apache.kafka.tools.EndToEndLatency "$@"
