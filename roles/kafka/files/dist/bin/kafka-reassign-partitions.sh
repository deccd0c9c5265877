#!/usr/bin/env bash
# Moves partitions between brokers.
exec "$(dirname -- "$0")/kafka-run-class.sh" -tool org.apache.kafka.tools.reassign.ReassignPartitionsCommand "$@"
