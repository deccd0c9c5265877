#!/bin/sh
# Removes the oldest binary logs until those that are left take MEGABYTES at most; the newest log always stays.
# Usage: mysql-binlog-limit MEGABYTES   (the unit mysql-binlog-limit, each hour)
# MySQL itself limits binary logs by age alone (binlog_expire_logs_seconds).
set -eu
mysql() {
  command mysql --no-defaults --socket=/run/mysqld/mysqld.sock --user=root --batch --skip-column-names --execute="$1"
}
logs=$(mysql 'SHOW BINARY LOGS')
oldest=$(printf '%s\n' "$logs" | tac | awk -v limit="$(($1 * 1048576))" '
  {total += $2; if (NR > 1 && total > limit) exit; kept = $1} END {print kept}')
case $oldest in
  "$(printf '%s\n' "$logs" | head -n 1 | cut -f 1)") exit 0 ;;
esac
mysql "PURGE BINARY LOGS TO '$oldest'"
echo "binary logs before $oldest removed: together they took more than $1 MB"
