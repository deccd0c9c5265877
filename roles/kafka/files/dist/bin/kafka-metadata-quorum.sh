#!/usr/bin/env bash
# Describes the KRaft controllers' quorum.
exec "$(dirname -- "$0")/kafka-run-class.sh" -tool org.apache.kafka.tools.MetadataQuorumCommand "$@"
