#!/usr/bin/env bash
# kafka-record-cds.sh [BOOTSTRAP_SERVER]: makes cds/tools.jsa, the archive of loaded classes that lets the
# command-line tools start in less than half the time.
#
# It runs a few read-only commands against the broker (localhost:9092 unless told), notes which classes they load, and
# has the JVM write those, parsed and verified, in one file. An archive serves one JDK and one set of jars: made for
# others it is passed over without a word, and this command, run again, replaces it. Prints "recorded" when it made an
# archive and "current" when the one in place still fits (Java 17 or later).
set -u

home=$(cd -- "$(dirname -- "$0")/.." && pwd -P) || exit 1
bin=$home/bin
bootstrap=${1:-localhost:9092}
java=$(command -v "${JAVA_HOME:+$JAVA_HOME/bin/}java") || {
  echo "No Java found: install openjdk-21-jdk, or set JAVA_HOME" >&2
  exit 1
}

# What an archive depends on: the JVM itself, and each jar's name, size and time.
fingerprint() {
  stat -L -c '%s %Y' -- "$(dirname -- "$(readlink -f -- "$java")")/../lib/server/libjvm.so"
  (cd -- "$home/libs" && LC_ALL=C && stat -c '%n %s %Y' -- *.jar)
}

now=$(fingerprint)
archive=$home/cds/tools.jsa
stamp=$archive.stamp # the archive's size (kafka-run-class.sh compares it), then the fingerprint
if [ "$(stat -c %s -- "$archive" 2>/dev/null)"$'\n'"$now" = "$(cat -- "$stamp" 2>/dev/null)" ]; then
  echo current
  exit 0
fi

# The archive is code that others run: its folder is closed to those who may write in the Kafka home. On the lab's hosts it is
# user kafka's, who runs this.
mkdir -p -- "$home/cds" && chmod 0755 -- "$home/cds" && work=$(mktemp -d --tmpdir="$home/cds") || exit 1
trap 'rm -rf -- "$work"' EXIT

list() { # list NAME SCRIPT ARGUMENT...: the classes that one command loads
  local name=$1 script=$2
  shift 2
  KAFKA_CDS_ARCHIVE=none KAFKA_OPTS="-Xshare:auto -XX:DumpLoadedClassList=$work/$name.list" \
    timeout 20 "$bin/$script" --bootstrap-server "$bootstrap" "$@" >"$work/$name.out" 2>&1 </dev/null
}

# The first one tells whether a broker answers. None of them makes a topic. Two at a time: a student's machine has two cores.
if ! list topics kafka-topics.sh --list; then
  echo "No archive of classes made: no broker answers at $bootstrap" >&2
  exit 1
fi
nowhere=cds-no-such-topic
list groups kafka-consumer-groups.sh --list &
list producer kafka-console-producer.sh --topic "$nowhere" &
wait
list consumer kafka-console-consumer.sh --topic "$nowhere" --partition 0 --offset earliest --timeout-ms 500 \
  --consumer-property allow.auto.create.topics=false &
list offsets kafka-get-offsets.sh --topic "$nowhere" &
wait

# One list of all. Identifiers are each run's own and classes of other loaders ("source:") cannot be told apart: both go.
awk '!/^#/ && !/ source: / { sub(/ id: [0-9]+$/, ""); if (!seen[$0]++) print }' "$work"/*.list >"$work/classes"

if ! KAFKA_CDS_ARCHIVE=none \
  KAFKA_OPTS="-Xshare:dump -XX:SharedClassListFile=$work/classes -XX:SharedArchiveFile=$work/tools.jsa -Xlog:disable" \
  "$bin/kafka-run-class.sh" -tool none >"$work/dump.out" 2>&1 || [ ! -s "$work/tools.jsa" ]; then
  echo "No archive of classes made: $(tail -n 1 "$work/dump.out")" >&2
  exit 1
fi
# The stamp goes first and comes last: whatever interrupts this, no tool reads an archive that is not whole.
rm -f -- "$stamp"
chmod 0444 "$work/tools.jsa" && mv -f -- "$work/tools.jsa" "$archive" &&
  printf '%s\n' "$(stat -c %s -- "$archive")" "$now" >"$work/stamp" && chmod 0444 "$work/stamp" && mv -f -- "$work/stamp" "$stamp" || exit 1
echo recorded
