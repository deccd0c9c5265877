#!/usr/bin/env bash
# units.sh start|stop: starts or stops the systemd units of HDFS that this machine has (start-dfs.sh and its like call it).
# Hadoop's own scripts reach every host by ssh; here each host looks after itself, and systemd after its servers.
set -u
action=$1

root=()
if [ "$(id -u)" -ne 0 ]; then
  # A sudoers file of the role lets user hadoop do exactly this without a password.
  root=(sudo -n)
fi

found=false status=0
for name in hadoop-namenode hadoop-datanode; do
  systemctl cat "$name.service" >/dev/null 2>&1 || continue
  found=true
  if [ "$action" = start ] && [ "$(systemctl is-active "$name.service")" = active ]; then
    echo "$name already runs"
  elif "${root[@]}" systemctl "$action" "$name.service"; then
    echo "$name ${action/stop/stopp}ed"
  else
    echo "Could not $action $name; look at: journalctl -u $name (as another user than hadoop: sudo $0)" >&2
    status=1
  fi
done
if ! $found; then
  echo "This machine has no unit of HDFS; by hand: hdfs namenode, hdfs datanode" >&2
  exit 1
fi
exit $status
