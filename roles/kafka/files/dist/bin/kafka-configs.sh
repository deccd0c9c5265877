#!/usr/bin/env bash
# Shows and changes settings of topics, brokers and users.
exec "$(dirname -- "$0")/kafka-run-class.sh" -tool kafka.admin.ConfigCommand "$@"
