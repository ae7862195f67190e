#!/bin/bash
# Gathers what an image needs to run some programs, and nothing else: the programs, the libraries that they are
# linked with, the names that the C library looks up, and which Debian packages it all came from.
#
#   make-root.sh DIR PROGRAM...     into DIR, which is made; programs go to DIR/usr/bin
set -euo pipefail

root=${1:?usage: make-root.sh DIR PROGRAM...}
shift
mkdir -p "$root"/usr/{bin,lib,lib64} "$root"/etc/ssl/certs "$root"/var/lib/dpkg/status.d
for folder in lib lib64; do ln -s "usr/$folder" "$root/$folder"; done

# libraries PROGRAM...: all that the loader would load, the loader itself too.
libraries() { ldd "$@" | grep -oE '/[^ ]+' | grep -v ':$' | sort -u; }
# owner FILE: the package that it came with; its list may say /lib for /usr/lib.
owner() { { dpkg-query -S "$1" || dpkg-query -S "${1#/usr}"; } 2>/dev/null | sed -n '1s/:.*//p'; }

# Scanners for known faults read packages here.
tell() {
    local package
    package=$(owner "$1") && [ -n "$package" ] || { echo "make-root.sh: no package has $1" >&2; exit 1; }
    dpkg-query -s "$package" >"$root/var/lib/dpkg/status.d/$package"
}

install -m 755 "$@" "$root/usr/bin"
libraries "$@" | while read -r library; do
    folder=$(realpath "$(dirname "$library")") name=$(basename "$library")
    install -D -m 755 "$(realpath "$library")" "$root$folder/$name"
    tell "$(realpath "$library")"
done

echo 'twofold:x:10001:10001::/var/lib/twofold:/nonexistent' >"$root/etc/passwd"
echo 'twofold:x:10001:' >"$root/etc/group"
echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
# The authorities of the world, for a bus whose certificate is one of theirs; the link is where OpenSSL looks.
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
mkdir -p "$root/usr/lib/ssl"
ln -s /etc/ssl/certs/ca-certificates.crt "$root/usr/lib/ssl/cert.pem"
dpkg-query -s ca-certificates >"$root/var/lib/dpkg/status.d/ca-certificates"

# What a new volume begins with: for its user alone.
install -d -m 700 /folder-of-volume

for program in "$@"; do
    chroot "$root" "/usr/bin/$(basename "$program")" --version
done
