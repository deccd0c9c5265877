#!/usr/bin/env bash
# Prints how much each broker's log folders hold.
exec "$(dirname -- "$0")/kafka-run-class.sh" -tool org.apache.kafka.tools.LogDirsCommand "$@"
