#!/usr/bin/env bash
# lab-guard.sh UNIT LABEL [DEPENDENT...]: fails, in one line, when UNIT already runs as a service on this machine.
# Started by hand beside the service, a second server dies on the taken port or the locked data with a long trace.
# DEPENDENTs are units that cannot do without this one and so are stopped with it. The units themselves set
# STREAMING_LAB_UNIT=1; a machine without systemd has no guard.
[ "${STREAMING_LAB_UNIT:-}" = 1 ] && exit 0
command -v systemctl >/dev/null || exit 0

runs() {
  case $(systemctl is-active "$1.service" 2>/dev/null) in
    active | activating | reloading) return 0 ;;
    *) return 1 ;;
  esac
}

runs "$1" || exit 0
line="$2 already runs as a service on this machine; to start it by hand: sudo systemctl stop $1"
dependents=
for unit in "${@:3}"; do
  runs "$unit" && dependents+=" $unit"
done
echo "$line$dependents${dependents:+ ($2 is needed by${dependents// /, })}" | sed 's/by, /by /' >&2
exit 1
