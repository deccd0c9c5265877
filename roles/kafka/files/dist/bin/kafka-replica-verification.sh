#!/usr/bin/env bash
# Checks that the replicas of a topic hold the same data.
exec "$(dirname -- "$0")/kafka-run-class.sh" -tool org.apache.kafka.tools.ReplicaVerificationTool "$@"
