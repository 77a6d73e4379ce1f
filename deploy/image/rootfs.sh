#!/bin/sh
# Makes the root of an image out of programs and the libraries that they need, and nothing else: no shell, no package
# manager. Usage: rootfs.sh ROOT PROGRAM ...
set -eu
root=$1
shift

copy() { # keeps the path, follows links
  mkdir -p "$root$(dirname "$1")"
  cp -L "$1" "$root$1"
}

mkdir -p "$root/etc" "$root/tmp" "$root/var/lib/outrigger" "$root/opt"
chmod 1777 "$root/tmp"
chown 65532:65532 "$root/var/lib/outrigger"
for program in "$@"; do
  copy "$program"
  ldd "$program" | grep -o '/[^ ]*' | sort -u | while read -r library; do copy "$library"; done
done
echo 'outrigger:x:65532:65532::/:/sbin/nologin' >"$root/etc/passwd"
echo 'outrigger:x:65532:' >"$root/etc/group"
# Names of hosts first from the pod's own file, then by DNS.
echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
if [ -e /etc/ssl/certs/ca-certificates.crt ]; then copy /etc/ssl/certs/ca-certificates.crt; fi
