# Prepares a bare Debian 12 to build and test: packages, web application, compiler. Sourced by ./run, ./test and .ci/run.
# shellcheck shell=bash

build_packages="build-essential pkg-config meson ninja-build python3 ca-certificates tzdata
  libevent-dev libtalloc-dev libglib2.0-dev libjansson-dev libsqlite3-dev libpq-dev libsodium-dev
  libcurl4-openssl-dev libssl-dev libexpat1-dev libzip-dev libqrencode-dev libgmime-3.0-dev"
test_packages="postgresql chromium fonts-noto-cjk strace openssl nginx-light"
full_packages="clang libclang-rt-14-dev"

as_root() {
	if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

package_is_there() {
	[ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Installs what is missing; says nothing when all is there.
install_packages() {
	local package missing=()
	for package in "$@"; do
		package_is_there "$package" || missing+=("$package")
	done
	[ ${#missing[@]} -eq 0 ] && return
	echo "Installing: ${missing[*]}" >&2
	as_root apt-get update -qq
	as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# npm only fetches the pinned Node that builds and tests with.
install_npm() {
	command -v npm >/dev/null || install_packages nodejs npm
}

# True when nothing below the paths is newer than the stamp.
is_fresh() {
	local stamp=$1
	shift
	[ -e "$stamp" ] && [ -z "$(find "$@" -newer "$stamp" -not -path '*/node_modules*' -not -path '*/dist*' -print -quit)" ]
}

build_web() {
	install_npm
	web/build.sh
}

# compile FOLDER TARGET [meson options]: configures once, then builds what changed. TARGET: all, or program.
compile() {
	local folder=$1 target=$2
	shift 2
	[ -e "$folder/build.ninja" ] || meson setup "$folder" "$@" >&2 || return 1
	ninja -C "$folder" "$target" >"$folder/compile.log" 2>&1 || { tail -n 60 "$folder/compile.log" >&2; return 1; }
}
