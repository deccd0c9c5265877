#!/usr/bin/env bash
# Deletes records below given offsets.
exec "$(dirname -- "$0")/kafka-run-class.sh" -tool org.apache.kafka.tools.DeleteRecordsCommand "$@"
