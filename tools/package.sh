#!/usr/bin/env bash
# Builds tenon_VERSION_ARCH.deb: tools/package.sh [--build FOLDER] [TARGET_FOLDER]
# The build folder is made as a release build if absent; the target is the present folder unless told otherwise.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
build=$root/build
if [ "${1:-}" = --build ]; then
	build=$2
	shift 2
fi
target=$(realpath "${1:-.}")

if [ ! -x "$build/src/app/tenon" ]; then
	cd "$root"
	# shellcheck source=tools/prepare.sh
	. tools/prepare.sh
	build_web >&2 # on standard output stands the package alone
	compile "$build" program -Dbuildtype=release
fi

version=$("$build/src/app/tenon" version | cut -d ' ' -f 2)
architecture=$(dpkg --print-architecture)
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
chmod 755 "$stage"

install -D -m 755 "$build/src/app/tenon" "$stage/usr/bin/tenon"
strip --strip-unneeded "$stage/usr/bin/tenon"
install -D -m 644 "$root/packaging/tenon.service" "$stage/lib/systemd/system/tenon.service"
install -D -m 644 "$root/packaging/default" "$stage/etc/default/tenon"
doc=$stage/usr/share/doc/tenon
install -D -m 644 "$root/LICENSE" "$doc/copyright"
install -m 644 "$root/NOTICE" "$root/docs/en/administrator.md" "$doc/"
install -D -m 644 "$root/docs/zh/administrator.md" "$doc/administrator.zh.md"
install -D -m 644 -t "$doc/examples" "$root/packaging/Caddyfile" "$root/packaging/nginx.conf"

# What the program is linked with says what it depends on.
mkdir -p "$stage/debian"
printf 'Source: tenon\n\nPackage: tenon\nArchitecture: any\n' > "$stage/debian/control"
libraries=$(cd "$stage" && dpkg-shlibdeps -O usr/bin/tenon 2>/dev/null | sed -n 's/^shlibs:Depends=//p')
rm -r "$stage/debian"
[ -n "$libraries" ] || { echo "package.sh: the libraries of the program could not be found" >&2; exit 1; }

mkdir -p "$stage/DEBIAN"
install -m 755 "$root/packaging/postinst" "$root/packaging/prerm" "$root/packaging/postrm" "$stage/DEBIAN/"
echo /etc/default/tenon > "$stage/DEBIAN/conffiles"
cat > "$stage/DEBIAN/control" <<CONTROL
Package: tenon
Version: $version
Architecture: $architecture
Maintainer: The Tenon project <tenon@localhost>
Section: web
Priority: optional
Installed-Size: $(du -sk --exclude=DEBIAN "$stage" | cut -f 1)
Depends: $libraries, adduser, tzdata
Recommends: caddy | nginx
Suggests: postgresql
Description: self-hosted CRM that answers for every lead
 A lead is on disk before the sender hears "accepted", goes to the right person
 by rules that an administrator edits, and moves on by itself when nobody acts.
 One program; the data is a SQLite file, or PostgreSQL.
CONTROL
dpkg-deb --root-owner-group -Zxz --build "$stage" "$target/tenon_${version}_${architecture}.deb" >&2
echo "$target/tenon_${version}_${architecture}.deb"
