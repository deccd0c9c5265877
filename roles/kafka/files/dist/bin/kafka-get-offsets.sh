#!/usr/bin/env bash
# Prints the first or last offset of each partition.
exec "$(dirname -- "$0")/kafka-run-class.sh" -tool org.apache.kafka.tools.GetOffsetShell "$@"
