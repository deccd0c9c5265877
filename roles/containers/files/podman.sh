#!/usr/bin/env bash
# podman on whatever this machine offers. On an ordinary machine (pure cgroup v2, systemd as PID 1) it is podman and nothing else.
# Elsewhere it prepares, outside the user's own configuration, what containers with systemd need:
#  - a private mount namespace, kept in /run/streaming-lab/ns, where /sys/fs/cgroup is pure cgroup v2 (crun refuses hybrid cgroups);
#  - a containers.conf of its own: cgroupfs instead of a systemd that is not there, and resource limits this process may set.
# Must run as root. Usage: podman.sh PODMAN-ARGUMENT...
set -euo pipefail

state=/run/streaming-lab
conf=$state/containers.conf
namespace=$state/ns
enter=()

has_sys_resource() { # CAP_SYS_RESOURCE is bit 24
  local effective
  effective=$(awk '/^CapEff:/ {print $2}' /proc/self/status)
  (((16#$effective >> 24) & 1))
}

write_conf() {
  mkdir -p "$state"
  {
    echo '[containers]'
    has_sys_resource || echo 'default_ulimits = ["nofile=20000:20000", "nproc=32768:32768"]'
    echo 'pids_limit = 0'
    echo '[engine]'
    echo 'cgroup_manager = "cgroupfs"'
  } >"$conf.$$"
  mv -f "$conf.$$" "$conf"
}

make_namespace() (
  mkdir -p "$state"
  exec 9>"$state/lock"
  flock 9
  if nsenter --mount="$namespace" true 2>/dev/null; then return; fi
  mountpoint -q "$state" || mount --bind "$state" "$state"
  mount --make-private "$state"
  touch "$namespace"
  # shellcheck disable=SC2016  # expanded by the inner shell
  unshare --mount="$namespace" sh -c \
    'umount -R /sys/fs/cgroup 2>/dev/null || umount -l /sys/fs/cgroup; mount -t cgroup2 cgroup2 /sys/fs/cgroup'
)

hybrid=false
[ "$(stat -fc %T /sys/fs/cgroup)" = cgroup2fs ] || hybrid=true
if $hybrid || ! has_sys_resource || [ ! -d /run/systemd/system ]; then
  write_conf
  export CONTAINERS_CONF=$conf
fi
if $hybrid; then
  make_namespace
  enter=(nsenter --mount="$namespace" --wd="$PWD")
fi
exec "${enter[@]}" podman "$@"
