#!/usr/bin/env bash
# Copies topics between clusters (MirrorMaker 2).
bin=$(dirname -- "$0")
if [ $# -lt 1 ]; then
  echo "usage: $0 [-daemon] config/connect-mirror-maker.properties" >&2
  exit 1
fi
export KAFKA_HEAP_OPTS="${KAFKA_HEAP_OPTS:--Xms256M -Xmx2G}"
export KAFKA_LOG4J_OPTS="${KAFKA_LOG4J_OPTS:--Dlog4j.configuration=file:$bin/../config/connect-log4j.properties}"
daemon=()
if [ "$1" = -daemon ]; then
  daemon=(-daemon)
  shift
fi
# shellcheck disable=SC2086
exec "$bin/kafka-run-class.sh" "${daemon[@]}" ${EXTRA_ARGS:--name mirrorMaker} org.apache.kafka.connect.mirror.MirrorMaker "$@"
