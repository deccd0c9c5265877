#!/usr/bin/env bash
# format-once.sh FOLDER: formats a NameNode's FOLDER if it never was. Prints "formatted" or "present".
# The image is made in a folder beside it and renamed when whole, so that an interruption leaves nothing half-made; what
# holds files already is never touched.
set -u
folder=$1
if [ -e "$folder/current/VERSION" ]; then
  echo present
  exit 0
fi
if [ -n "$(ls -A -- "$folder" 2>/dev/null)" ]; then
  echo "$folder has files but is no NameNode's (no current/VERSION): not formatted; move it away, or restore it" >&2
  exit 1
fi

new=$folder.new
rm -rf -- "$new"
if ! output=$("$(dirname -- "$0")/../bin/hdfs" namenode -D "dfs.namenode.name.dir=file://$new" -format -nonInteractive 2>&1); then
  printf '%s\n' "$output" | grep -E 'ERROR|Exception' | tail -n 3 >&2
  echo "Could not format $folder" >&2
  exit 1
fi
sync -- "$new"/current/* && mv -T -- "$new" "$folder" || exit 1
echo formatted
