#!/usr/bin/env bash
# Starts ZooKeeper.
bin=$(dirname -- "$0")
if [ $# -lt 1 ]; then
  echo "usage: $0 [-daemon] config/zookeeper.properties" >&2
  exit 1
fi
"$bin/lab-guard.sh" zookeeper ZooKeeper kafka kafka-connect || exit 1
export KAFKA_HEAP_OPTS="${KAFKA_HEAP_OPTS:--Xms512M -Xmx512M}"
export KAFKA_LOG4J_OPTS="${KAFKA_LOG4J_OPTS:--Dlog4j.configuration=file:$bin/../config/log4j.properties}"
daemon=()
if [ "$1" = -daemon ]; then
  daemon=(-daemon)
  shift
fi
# shellcheck disable=SC2086
exec "$bin/kafka-run-class.sh" "${daemon[@]}" ${EXTRA_ARGS:--name zookeeper} org.apache.zookeeper.server.quorum.QuorumPeerMain "$@"
