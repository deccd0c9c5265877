#!/usr/bin/env bash
# run-class.sh [-server NAME] CLASS [ARGUMENT...]: runs one Java class of Hadoop. bin/hdfs and bin/hadoop stand on it.
#
#   -server  a daemon (its options: HDFS_<NAME>_OPTS); without it a command (HADOOP_CLIENT_OPTS) with quick-start flags
#
# Environment, with the meaning it has in Hadoop's documentation: JAVA_HOME, HADOOP_CONF_DIR, HADOOP_CLASSPATH,
# HADOOP_OPTS, HADOOP_CLIENT_OPTS, HADOOP_HEAPSIZE_MAX, HADOOP_LOG_DIR, HADOOP_ROOT_LOGGER, HADOOP_LOGLEVEL;
# etc/hadoop/hadoop-env.sh may set any of them. Ours: HADOOP_CDS_ARCHIVE, a class-data archive ("none": start without one;
# default: cds/classes.jsa, if it is there).
set -u

home=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P) || exit 1
export HADOOP_HOME=$home
conf=${HADOOP_CONF_DIR:-$home/etc/hadoop}
if [ ! -d "$conf" ]; then
  echo "No folder $conf: HADOOP_CONF_DIR must name Hadoop's configuration" >&2
  exit 1
fi
# shellcheck source=/dev/null
[ -r "$conf/hadoop-env.sh" ] && . "$conf/hadoop-env.sh"

server=
if [ "${1:-}" = -server ]; then
  server=$2
  shift 2
fi

java=${JAVA_HOME:+$JAVA_HOME/bin/}java
if ! command -v "$java" >/dev/null; then
  echo "Hadoop needs Java and found no '$java': install openjdk-21-jdk, or set JAVA_HOME" >&2
  exit 1
fi

# Each jar by name and in one fixed order, and the configuration after them (no jar here has files of those names): the
# archive of classes serves a class path that begins as the one it was made with, and it cannot hold a folder.
jars() {
  local LC_ALL=C jar
  for jar in "$home"/share/hadoop/lib/*.jar; do
    printf ':%s' "$jar"
  done
}
class_path=$(jars)
class_path=${class_path#:}
if [ ! -e "${class_path%%:*}" ]; then
  echo "No jar in $home/share/hadoop/lib: the installation is incomplete" >&2
  exit 1
fi
# The web pages of the NameNode and DataNode are looked for as "webapps" on the class path.
tail=$conf:$home/share/hadoop/hdfs${HADOOP_CLASSPATH:+:$HADOOP_CLASSPATH}

flags=()
add() { # word-splits on purpose: the variables hold several options
  # shellcheck disable=SC2206
  flags+=($1)
}

[ -n "${HADOOP_HEAPSIZE_MAX:-}" ] && add "-Xmx$HADOOP_HEAPSIZE_MAX${HADOOP_HEAPSIZE_MAX##*[!0-9]}"
if [ -n "$server" ]; then
  logger=INFO,console
  options=HDFS_${server}_OPTS
  add "${!options:-}"
else
  logger=${HADOOP_LOGLEVEL:-WARN},console
  flags+=(-Xmx256m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:-UsePerfData)
  add "${HADOOP_CLIENT_OPTS:-}"
fi
# An archive that does not fit is ignored by the JVM. A truncated archive would crash the JVM, so its size is compared with the size
# in the stamp. The archive is code, so it must belong to root or to the user who runs this.
archive=${HADOOP_CDS_ARCHIVE:-$home/cds/classes.jsa}
if [ -r "$archive.stamp" ]; then
  read -r bytes <"$archive.stamp"
  case $(stat -c '%s %u' -- "$archive" 2>/dev/null) in
    "$bytes 0" | "$bytes $EUID") flags+=(-Xshare:auto "-XX:SharedArchiveFile=$archive" '-Xlog:cds*=off' '-Xlog:class+path*=off') ;;
  esac
fi
flags+=(-Djava.net.preferIPv4Stack=true "-Dhadoop.home.dir=$home" "-Dhadoop.root.logger=${HADOOP_ROOT_LOGGER:-$logger}")
flags+=("-Dhadoop.log.dir=${HADOOP_LOG_DIR:-/tmp}" "-Dlog4j.configuration=file:$conf/log4j.properties")
add "${HADOOP_OPTS:-}"

exec "$java" "${flags[@]}" -cp "$class_path:$tail" "$@"
