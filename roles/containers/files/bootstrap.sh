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
# Verbose, because the module lab_image shows how far the installation is.
if ! mmdebstrap --verbose --variant=minbase --include="$packages" "$release" "$work/system.tar" 2>&1 | tee "$work/log"; then
  reason=$(grep -m 1 '^E:' "$work/log" || tail -n 1 "$work/log")
  if grep -q NO_PUBKEY "$work/log"; then
    reason="this machine's package debian-archive-keyring is too old for $release; install a newer one ($reason)"
  fi
  echo "Debian $release could not be bootstrapped from packages: $reason" >&2
  exit 1
fi
"$podman" import --quiet "$work/system.tar" "$image"
