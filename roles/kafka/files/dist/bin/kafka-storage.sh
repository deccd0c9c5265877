#!/usr/bin/env bash
# Formats KRaft log folders.
exec "$(dirname -- "$0")/kafka-run-class.sh" -tool kafka.tools.StorageTool "$@"
