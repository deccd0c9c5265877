#!/bin/sh
# Debian has MySQL's own server in sid alone. This derives a source of sid from the system's own entry of its release, so that a
# mirror set there is kept, and pins sid so low that only what is asked of it by name comes from it.
# With apt.conf's solver below, which is used for MySQL alone, an installation takes from sid what the release lacks, and leaves libc6
# and perl as they are; `-t sid` would take every new package from there, and upgrade those.
# sid's Release file can be past its Valid-Until on a mirror, hence check-valid-until=no.
set -eu
release=$(. /etc/os-release && echo "$VERSION_CODENAME")
target=/etc/apt/sources.list.d/streaming-lab-sid.list
uri=$(
  { # one-line format, then deb822: the first entry of the release itself (not its -updates or -security)
    sed -n "s/^deb  *\(\[[^]]*\] *\)\{0,1\}\([^ ]*\)  *$release  *.*/\2/p" /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null
    for file in /etc/apt/sources.list.d/*.sources; do
      [ -e "$file" ] || continue
      awk -v release="$release" 'BEGIN {RS=""; FS="\n"} {
        uri = ""; hit = 0
        for (i = 1; i <= NF; i++) {
          if ($i ~ /^URIs:/) { split($i, part, / +/); uri = part[2] }
          if ($i ~ /^Suites:/) { n = split($i, suite, / +/); for (j = 2; j <= n; j++) if (suite[j] == release) hit = 1 }
        }
        if (hit && uri != "") print uri
      }' "$file"
    done
  } | head -n 1
)
if [ -z "$uri" ]; then
  echo "no apt source of Debian $release found in /etc/apt; add one, or install mysql-server by hand" >&2
  exit 1
fi
printf 'Package: *\nPin: release n=sid\nPin-Priority: 100\n' >/etc/apt/preferences.d/streaming-lab-sid
printf 'APT::Solver "3.0";\nAPT::Solver::Strict-Pinning "false";\n' >/etc/apt/streaming-lab-sid.conf
printf 'deb [check-valid-until=no signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s sid main\n' "$uri" >"$target"
