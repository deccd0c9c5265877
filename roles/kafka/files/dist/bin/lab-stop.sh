#!/usr/bin/env bash
# lab-stop.sh CLASS UNIT LABEL: asks the servers that were started by hand to stop (SIGTERM, or $SIGNAL).
if [ "$(systemctl is-active "$2.service" 2>/dev/null)" = active ]; then
  echo "$3 runs as a service on this machine; to stop it: sudo systemctl stop $2" >&2
  exit 1
fi

found=false status=0
for process in /proc/[0-9]*; do
  # A whole argument is compared, so neither an editor nor a grep that names the class is taken for the server.
  mapfile -d '' -t arguments 2>/dev/null <"$process/cmdline" || continue
  [[ ${arguments[0]:-} == *java ]] || continue
  for argument in "${arguments[@]}"; do
    if [ "$argument" = "$1" ]; then
      found=true
      kill -s "${SIGNAL:-TERM}" "${process#/proc/}" || status=1
      break
    fi
  done
done
if ! $found; then
  echo "$3 does not run on this machine" >&2
  exit 1
fi
exit $status
