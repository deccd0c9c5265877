#!/usr/bin/env bash
# Starts the HDFS servers of this machine.
exec "$(dirname -- "$(readlink -f -- "$0")")/units.sh" start
