#!/usr/bin/env bash
# Prints the id of a cluster.
exec "$(dirname -- "$0")/kafka-run-class.sh" -tool org.apache.kafka.tools.ClusterTool "$@"
