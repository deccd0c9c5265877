#!/usr/bin/env bash
# Lists, adds and removes access rules.
exec "$(dirname -- "$0")/kafka-run-class.sh" -tool kafka.admin.AclCommand "$@"
