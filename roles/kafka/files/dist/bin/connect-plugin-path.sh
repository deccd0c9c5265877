#!/usr/bin/env bash
# Lists Connect plugins and adds the manifests they lack.
exec "$(dirname -- "$0")/kafka-run-class.sh" -tool org.apache.kafka.tools.ConnectPluginPath "$@"
