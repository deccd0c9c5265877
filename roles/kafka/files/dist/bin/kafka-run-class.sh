#!/usr/bin/env bash
# Runs one Java class of Kafka. Every other script here is a class name on top of this one.
#
#   kafka-run-class.sh [-tool] [-daemon] [-name NAME] [-loggc] CLASS [ARGUMENT...]
#
#   -tool    a short command: quick-start JVM flags instead of the servers' ones
#   -daemon  in the background; what it prints goes to $LOG_DIR/NAME.out
#   -name    name of the process in the files of $LOG_DIR
#   -loggc   garbage-collection log in $LOG_DIR/NAME-gc.log
#
# Environment, with the meaning it has in Kafka's documentation: JAVA_HOME, CLASSPATH (goes first), LOG_DIR,
# KAFKA_HEAP_OPTS, KAFKA_JVM_PERFORMANCE_OPTS, KAFKA_LOG4J_OPTS, KAFKA_JMX_OPTS, JMX_PORT, KAFKA_OPTS, KAFKA_DEBUG.
# Ours: KAFKA_CDS_ARCHIVE, a class-data archive ("none": start without one; default: cds/classes.jsa, if it is there).
set -u

home=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P) || exit 1

tool=false daemon=false gclog=false name=
while [ $# -gt 0 ]; do
  case $1 in
    -tool) tool=true; shift ;;
    -daemon) daemon=true; shift ;;
    -loggc) gclog=true; shift ;;
    -name) name=${2:-}; shift; [ $# -gt 0 ] && shift ;;
    *) break ;;
  esac
done
if [ $# -eq 0 ]; then
  echo "usage: $0 [-daemon] [-name NAME] [-loggc] CLASS [ARGUMENT...]" >&2
  exit 1
fi

java=${JAVA_HOME:+$JAVA_HOME/bin/}java
if ! command -v "$java" >/dev/null; then
  echo "Kafka needs Java and found no '$java': install openjdk-21-jdk, or set JAVA_HOME" >&2
  exit 1
fi

# Each jar by name, in one fixed order: a wildcard's order is the folder's, and the archive of classes only serves
# the class path that it was made with. connect-file stays off, as in Kafka's own scripts: it comes in by plugin.path.
jars() {
  local LC_ALL=C jar
  for jar in "$home"/libs/*.jar; do
    case $jar in
      */connect-file-*.jar | *-sources.jar | *-javadoc.jar | *-scaladoc.jar | *-test.jar) ;;
      *) printf ':%s' "$jar" ;;
    esac
  done
}
class_path=$(jars)
class_path=${class_path#:}
if [ ! -e "${class_path%%:*}" ]; then
  echo "No jar in $home/libs: the installation is incomplete" >&2
  exit 1
fi

flags=()
add() { # word-splits on purpose: the variables hold several options
  # shellcheck disable=SC2206
  flags+=($1)
}

add "${KAFKA_HEAP_OPTS:--Xmx256M}"
if [ -n "${KAFKA_JVM_PERFORMANCE_OPTS:-}" ]; then
  add "$KAFKA_JVM_PERFORMANCE_OPTS"
elif $tool; then
  flags+=(-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:-UsePerfData)
else
  flags+=(-XX:+UseG1GC -XX:MaxGCPauseMillis=20 -XX:InitiatingHeapOccupancyPercent=35)
  flags+=(-XX:+ExplicitGCInvokesConcurrent -XX:MaxInlineLevel=15)
fi
flags+=(-Djava.awt.headless=true)
# Login modules that read from an address in their configuration (CVE-2023-25194, CVE-2025-27818). KAFKA_OPTS comes later and wins.
flags+=("-Dorg.apache.kafka.disallowed.login.modules=com.sun.security.auth.module.JndiLoginModule,com.sun.security.auth.module.LdapLoginModule")

# An archive that does not fit (another JDK, a replaced jar) is ignored by the JVM; the Xlog options keep it quiet. A truncated
# archive would crash the JVM, so its size is compared with the size in the stamp. The archive is code, so it must belong to the
# broker's user, to root or to the user who runs this.
archive=${KAFKA_CDS_ARCHIVE:-$home/cds/classes.jsa}
if [ -r "$archive.stamp" ] && [ -z "${CLASSPATH:-}" ]; then
  read -r bytes <"$archive.stamp"
  case $(stat -c '%s %u %U' -- "$archive" 2>/dev/null) in
    "$bytes 0 "* | "$bytes $EUID "* | "$bytes "*" kafka") flags+=(-Xshare:auto "-XX:SharedArchiveFile=$archive" '-Xlog:cds*=off' '-Xlog:class+path*=off') ;;
  esac
fi

log_dir=${LOG_DIR:-$home/logs}
name=${name:-${1##*.}}
if $daemon || $gclog; then
  if ! mkdir -p -- "$log_dir" || [ ! -w "$log_dir" ]; then
    echo "Cannot write in $log_dir: set LOG_DIR to a folder of yours" >&2
    exit 1
  fi
fi
if $gclog; then
  flags+=("-Xlog:gc*:file=$log_dir/$name-gc.log:time,tags:filecount=10,filesize=100M")
fi

if [ -n "${JMX_PORT:-}" ]; then
  flags+=("-Dcom.sun.management.jmxremote.port=$JMX_PORT" "-Dcom.sun.management.jmxremote.rmi.port=$JMX_PORT")
  KAFKA_JMX_OPTS=${KAFKA_JMX_OPTS:-"-Dcom.sun.management.jmxremote.authenticate=false -Dcom.sun.management.jmxremote.ssl=false"}
fi
add "${KAFKA_JMX_OPTS:-}"

flags+=("-Dkafka.logs.dir=$log_dir")
add "${KAFKA_LOG4J_OPTS:--Dlog4j.configuration=file:$home/config/tools-log4j.properties}"

case ${KAFKA_DEBUG:-} in
  '' | n | no | false) ;;
  *) add "${JAVA_DEBUG_OPTS:--agentlib:jdwp=transport=dt_socket,server=y,suspend=${DEBUG_SUSPEND_FLAG:-n},address=${JAVA_DEBUG_PORT:-5005}}" ;;
esac
add "${KAFKA_OPTS:-}"

command=("$java" "${flags[@]}" -cp "${CLASSPATH:+$CLASSPATH:}$class_path" "$@")
if $daemon; then
  nohup "${command[@]}" >"$log_dir/$name.out" 2>&1 </dev/null &
else
  exec "${command[@]}"
fi
