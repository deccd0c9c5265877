#!/usr/bin/env bash
# Starts a Kafka broker.
bin=$(dirname -- "$0")
if [ $# -lt 1 ]; then
  echo "usage: $0 [-daemon] config/server.properties [--override NAME=VALUE]..." >&2
  exit 1
fi
"$bin/lab-guard.sh" kafka 'The Kafka broker' kafka-connect || exit 1
export KAFKA_HEAP_OPTS="${KAFKA_HEAP_OPTS:--Xms1G -Xmx1G}"
export KAFKA_LOG4J_OPTS="${KAFKA_LOG4J_OPTS:--Dlog4j.configuration=file:$bin/../config/log4j.properties}"
daemon=()
if [ "$1" = -daemon ]; then
  daemon=(-daemon)
  shift
fi
# shellcheck disable=SC2086
exec "$bin/kafka-run-class.sh" "${daemon[@]}" ${EXTRA_ARGS:--name kafkaServer} kafka.Kafka "$@"
