#!/usr/bin/env bash
# Shows and changes client metrics subscriptions.
exec "$(dirname -- "$0")/kafka-run-class.sh" -tool org.apache.kafka.tools.ClientMetricsCommand "$@"
