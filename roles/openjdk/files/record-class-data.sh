#!/usr/bin/env bash
# record-class-data.sh HOME JARS [EXCLUDED]: records HOME/cds/classes.jsa, the class-data archive of a Java program.
#
#   HOME      the program's folder
#   JARS      the folder of its jars, below HOME; its file `classlist` names the classes to record
#   EXCLUDED  shell pattern of jars that are not on the class path
#
# Servers and commands that start with the archive need about a third less processor time until they are ready. An archive serves one
# JDK and one set of jars: the JVM ignores it with others. This script prints "recorded" when it wrote an archive, and "current"
# when the archive in place fits. See "Class-Data Sharing" in the JDK's java(1).
set -u
if [ $# -lt 2 ]; then
  echo "usage: $0 HOME JARS [EXCLUDED]" >&2
  exit 1
fi
home=$(cd -- "$1" && pwd -P) || exit 1
jars=$2 excluded=${3:-}
java=$(command -v "${JAVA_HOME:+$JAVA_HOME/bin/}java") || {
  echo "No Java found: install openjdk-21-jdk, or set JAVA_HOME" >&2
  exit 1
}
export LC_ALL=C
cd -- "$home/$jars" || exit 1

# The JVM, and each jar's name, size and time.
fingerprint() {
  stat -L -c '%s %Y' -- "$(dirname -- "$(readlink -f -- "$java")")/../lib/server/libjvm.so"
  stat -c '%n %s %Y' -- *.jar classlist
}

class_path=
for jar in *.jar; do
  # shellcheck disable=SC2254  # a pattern on purpose
  case $jar in
    $excluded) ;;
    *) class_path+=:$home/$jars/$jar ;;
  esac
done
now=$(fingerprint)
archive=$home/cds/classes.jsa
stamp=$archive.stamp # the archive's size, which the launchers compare, then the fingerprint
if [ "$(stat -c %s -- "$archive" 2>/dev/null)"$'\n'"$now" = "$(cat -- "$stamp" 2>/dev/null)" ]; then
  echo current
  exit 0
fi

# The archive is code, so only the user who records it may write in its folder.
rm -rf -- "$home/cds"/tmp.* # left by a power cut
mkdir -p -- "$home/cds" && chmod 0755 -- "$home/cds" && work=$(mktemp -d --tmpdir="$home/cds") || exit 1
trap 'rm -rf -- "$work"' EXIT
if ! "$java" -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xshare:dump -XX:SharedClassListFile=classlist \
  "-XX:SharedArchiveFile=$work/classes.jsa" -Xlog:disable -cp "${class_path#:}" >"$work/output" 2>&1 ||
  [ ! -s "$work/classes.jsa" ]; then
  echo "No class-data archive recorded: $(tail -n 1 "$work/output")" >&2
  exit 1
fi
# The stamp is removed first and written last, so that no JVM reads an incomplete archive.
rm -f -- "$stamp" "$home/cds"/tools.jsa*
chmod 0444 "$work/classes.jsa" && mv -f -- "$work/classes.jsa" "$archive" &&
  printf '%s\n' "$(stat -c %s -- "$archive")" "$now" >"$work/stamp" && chmod 0444 "$work/stamp" &&
  mv -f -- "$work/stamp" "$stamp" || exit 1
echo recorded
