#!/usr/bin/env bash
# Prints the records of a partition's log files.
exec "$(dirname -- "$0")/kafka-run-class.sh" -tool kafka.tools.DumpLogSegments "$@"
