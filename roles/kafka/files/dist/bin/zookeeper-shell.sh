#!/usr/bin/env bash
# A shell on ZooKeeper's tree of nodes.
exec "$(dirname -- "$0")/kafka-run-class.sh" -tool org.apache.zookeeper.ZooKeeperMainWithTlsSupportForKafka "$@"
