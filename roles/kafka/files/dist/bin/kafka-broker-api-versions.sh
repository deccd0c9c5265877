#!/usr/bin/env bash
# Prints the protocol versions each broker speaks.
exec "$(dirname -- "$0")/kafka-run-class.sh" -tool kafka.admin.BrokerApiVersionsCommand "$@"
