#!/usr/bin/env bash
# Sends each line of standard input as a record.
exec "$(dirname -- "$0")/kafka-run-class.sh" -tool kafka.tools.ConsoleProducer "$@"
