#!/usr/bin/env bash
# Lists and describes consumer groups, and resets their offsets.
exec "$(dirname -- "$0")/kafka-run-class.sh" -tool org.apache.kafka.tools.consumer.group.ConsumerGroupCommand "$@"
