#!/usr/bin/env bash
# Shows and changes a cluster's feature levels.
exec "$(dirname -- "$0")/kafka-run-class.sh" -tool org.apache.kafka.tools.FeatureCommand "$@"
