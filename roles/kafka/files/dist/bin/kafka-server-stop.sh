#!/usr/bin/env bash
# Stops the Kafka broker that was started by hand.
exec "$(dirname -- "$0")/lab-stop.sh" kafka.Kafka kafka 'The Kafka broker'
