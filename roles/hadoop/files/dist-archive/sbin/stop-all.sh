#!/usr/bin/env bash
# Stops the Hadoop servers of this machine.
exec "$(dirname -- "$(readlink -f -- "$0")")/units.sh" stop
