#!/bin/sh
# Have an nginx for the tests behind one: one that is installed, else Debian's, unpacked into a folder and not installed,
# which would start a server on port 80. Never fails: without one, the tests fail and say which command would help.
place=$1
PATH=$PATH:/usr/sbin
command -v nginx >/dev/null 2>&1 && exit 0
"$place/usr/sbin/nginx" -v >/dev/null 2>&1 && exit 0
echo "Fetching nginx for the tests behind a proxy"
mkdir -p "$place" && cd "$place" || exit 0
download() { apt-get -qq download nginx >/dev/null 2>&1; }
download || { [ "$(id -u)" = 0 ] && apt-get -qq update && download; }
for package in nginx_*.deb; do dpkg-deb -x "$package" . && rm "$package"; done
./usr/sbin/nginx -v >/dev/null 2>&1 && exit 0
echo "No nginx could be had; the tests behind a proxy will say what would help."
exit 0
