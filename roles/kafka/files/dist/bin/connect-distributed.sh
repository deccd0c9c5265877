#!/usr/bin/env bash
# Starts a Kafka Connect worker in distributed mode.
bin=$(dirname -- "$0")
if [ $# -lt 1 ]; then
  echo "usage: $0 [-daemon] config/connect-distributed.properties" >&2
  exit 1
fi
"$bin/lab-guard.sh" kafka-connect 'A Kafka Connect worker' || exit 1
export KAFKA_HEAP_OPTS="${KAFKA_HEAP_OPTS:--Xms256M -Xmx2G}"
export KAFKA_LOG4J_OPTS="${KAFKA_LOG4J_OPTS:--Dlog4j.configuration=file:$bin/../config/connect-log4j.properties}"
daemon=()
if [ "$1" = -daemon ]; then
  daemon=(-daemon)
  shift
fi
# shellcheck disable=SC2086
exec "$bin/kafka-run-class.sh" "${daemon[@]}" ${EXTRA_ARGS:--name connectDistributed} org.apache.kafka.connect.cli.ConnectDistributed "$@"
