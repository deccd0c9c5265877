#!/usr/bin/env bash
# Starts the Hadoop servers of this machine: HDFS alone, the lab has no YARN.
echo "HDFS only: this installation has no YARN"
exec "$(dirname -- "$(readlink -f -- "$0")")/units.sh" start
