#!/usr/bin/env bash
# Stops the ZooKeeper that was started by hand.
exec "$(dirname -- "$0")/lab-stop.sh" org.apache.zookeeper.server.quorum.QuorumPeerMain zookeeper ZooKeeper
