#!/usr/bin/env bash
# record-cds.sh: makes cds/tools.jsa, the archive of loaded classes that lets `hdfs dfs` and its like start in half the time.
#
# It runs a few read-only commands against the NameNode, notes which classes they load, and has the JVM write those, parsed
# and verified, in one file. An archive serves one JDK and one set of jars: made for others it is passed over without a word,
# and this command, run again, replaces it. Prints "recorded" when it made one and "current" when the one in place fits.
set -u

home=$(cd -- "$(dirname -- "$0")/.." && pwd -P) || exit 1
# shellcheck source=/dev/null
[ -r "$home/etc/hadoop/hadoop-env.sh" ] && . "$home/etc/hadoop/hadoop-env.sh"
java=$(command -v "${JAVA_HOME:+$JAVA_HOME/bin/}java") || {
  echo "No Java found: install openjdk-21-jdk, or set JAVA_HOME" >&2
  exit 1
}

# What an archive depends on: the JVM itself, and each jar's name, size and time.
fingerprint() {
  stat -L -c '%s %Y' -- "$(dirname -- "$(readlink -f -- "$java")")/../lib/server/libjvm.so"
  (cd -- "$home/share/hadoop/lib" && LC_ALL=C && stat -c '%n %s %Y' -- *.jar)
}

now=$(fingerprint)
archive=$home/cds/tools.jsa
stamp=$archive.stamp # the archive's size (run-class.sh compares it), then the fingerprint
if [ "$(stat -c %s -- "$archive" 2>/dev/null)"$'\n'"$now" = "$(cat -- "$stamp" 2>/dev/null)" ]; then
  echo current
  exit 0
fi

mkdir -p -- "$home/cds" && chmod 0755 -- "$home/cds" && work=$(mktemp -d --tmpdir="$home/cds") || exit 1
trap 'rm -rf -- "$work"' EXIT

list() { # list NAME COMMAND ARGUMENT...: the classes that one command loads
  local name=$1
  shift
  HADOOP_CDS_ARCHIVE=none HADOOP_CLIENT_OPTS="-Xshare:auto -XX:DumpLoadedClassList=$work/$name.list" \
    timeout 20 "$home/bin/hdfs" "$@" >"$work/$name.out" 2>&1 </dev/null
}

if ! list dfs dfs -ls /; then
  echo "No archive of classes made: no NameNode answers ($(tail -n 1 "$work/dfs.out"))" >&2
  exit 1
fi
list dfsadmin dfsadmin -safemode get
list getconf getconf -namenodes

# One list of all. Identifiers are each run's own and classes of other loaders ("source:") cannot be told apart: both go.
awk '!/^#/ && !/ source: / { sub(/ id: [0-9]+$/, ""); if (!seen[$0]++) print }' "$work"/*.list >"$work/classes"

# The archive is of the jars alone: it cannot hold the folders that follow them on the class path.
LC_ALL=C
jars=("$home"/share/hadoop/lib/*.jar)
if ! "$java" -Xmx256m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:dump "-XX:SharedClassListFile=$work/classes" \
  "-XX:SharedArchiveFile=$work/tools.jsa" -Xlog:disable -cp "$(IFS=: && echo "${jars[*]}")" >"$work/dump.out" 2>&1 ||
  [ ! -s "$work/tools.jsa" ]; then
  echo "No archive of classes made: $(tail -n 1 "$work/dump.out")" >&2
  exit 1
fi
# The stamp goes first and comes last: whatever interrupts this, no command reads an archive that is not whole.
rm -f -- "$stamp"
chmod 0444 "$work/tools.jsa" && mv -f -- "$work/tools.jsa" "$archive" &&
  printf '%s\n' "$(stat -c %s -- "$archive")" "$now" >"$work/stamp" && chmod 0444 "$work/stamp" &&
  mv -f -- "$work/stamp" "$stamp" || exit 1
echo recorded
