#!/usr/bin/env bash
# Elects partition leaders.
exec "$(dirname -- "$0")/kafka-run-class.sh" -tool org.apache.kafka.tools.LeaderElectionCommand "$@"
