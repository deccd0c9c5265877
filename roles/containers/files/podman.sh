#!/usr/bin/env bash
# podman on whatever this machine offers. On an ordinary machine (pure cgroup v2, systemd as PID 1) it is podman and nothing else.
# Elsewhere it prepares, outside the user's own configuration, what containers with systemd need:
#  - a private mount namespace, kept in /run/streaming-lab/ns, where /sys/fs/cgroup is pure cgroup v2 (crun refuses hybrid cgroups)
#    and /dev has no device of the machine's own (containers with --privileged get all that podman sees there);
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

# shellcheck disable=SC2016  # expanded by the shell that runs it
own_cgroups='umount -R /sys/fs/cgroup 2>/dev/null || umount -l /sys/fs/cgroup; mount -t cgroup2 cgroup2 /sys/fs/cgroup'
# shellcheck disable=SC2016
own_dev='
[ ! -e /dev/.streaming-lab ] || exit 0
new=$(mktemp -d)
mount -t tmpfs -o mode=0755,nosuid,noexec tmpfs "$new"
for device in null zero full random urandom tty; do touch "$new/$device"; mount --bind "/dev/$device" "$new/$device"; done
for folder in pts shm mqueue; do mkdir "$new/$folder"; [ ! -d "/dev/$folder" ] || mount --rbind "/dev/$folder" "$new/$folder"; done
ln -s pts/ptmx "$new/ptmx"
ln -s /proc/self/fd "$new/fd"
ln -s /proc/self/fd/0 "$new/stdin"
ln -s /proc/self/fd/1 "$new/stdout"
ln -s /proc/self/fd/2 "$new/stderr"
touch "$new/.streaming-lab"
mount --move "$new" /dev
rmdir "$new"
'

make_namespace() (
  mkdir -p "$state"
  exec 9>"$state/lock"
  flock 9
  if ! nsenter --mount="$namespace" true 2>/dev/null; then
    mountpoint -q "$state" || mount --bind "$state" "$state"
    mount --make-private "$state"
    touch "$namespace"
    unshare --mount="$namespace" sh -ec "if $hybrid; then $own_cgroups; fi"
  fi
  nsenter --mount="$namespace" sh -ec "$own_dev"
)

hybrid=false
[ "$(stat -fc %T /sys/fs/cgroup)" = cgroup2fs ] || hybrid=true
if $hybrid || ! has_sys_resource || [ ! -d /run/systemd/system ]; then
  write_conf
  export CONTAINERS_CONF=$conf
fi
if $hybrid || ! has_sys_resource; then
  make_namespace
  enter=(nsenter --mount="$namespace" --wd="$PWD")
fi
exec "${enter[@]}" podman "$@"
