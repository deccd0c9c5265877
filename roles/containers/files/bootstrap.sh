#!/usr/bin/env bash
# A Debian system from packages alone, as an image. mmdebstrap and apt know their own mirror.
# Usage: bootstrap.sh PODMAN RELEASE PACKAGE,PACKAGE... IMAGE
set -euo pipefail
podman=$1 release=$2 packages=$3 image=$4

if "$podman" image exists "$image"; then
  echo "kept $image"
  exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if ! mmdebstrap --variant=minbase --include="$packages" "$release" "$work/system.tar" 2>"$work/log"; then
  echo "no image registry answered, and Debian $release could not be bootstrapped: $(grep -m 1 '^E:' "$work/log" || tail -n 1 "$work/log")." \
    "Connect this machine to a network with a Debian mirror and run it again" >&2
  exit 1
fi
"$podman" import --quiet "$work/system.tar" "$image"
