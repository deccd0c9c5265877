#!/usr/bin/env bash
# Creates, renews and lists delegation tokens.
exec "$(dirname -- "$0")/kafka-run-class.sh" -tool org.apache.kafka.tools.DelegationTokenCommand "$@"
