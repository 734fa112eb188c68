#!/bin/sh
# Installs and builds the browser application into web/dist. Does nothing when the sources are those of the last build.
# Node comes from npm, pinned in package.json, and lies in web/.node; a Node found on the machine only fetches it.
set -eu
cd "$(dirname "$0")"

pinned() { sed -n "s/.*\"$1\": \"\(.*@\)\{0,1\}\([0-9][0-9.]*\)\".*/\2/p" package.json | head -n 1; }

sum() { find "$@" -type f ! -name '*.test.ts' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -d ' ' -f 1; }

fetch_node() {
	want="$(pinned node) $(pinned packageManager)"
	[ "$(cat .node/stamp 2>/dev/null || true)" = "$want" ] && return
	rm -rf .node
	mkdir .node
	echo '{"private":true}' > .node/package.json
	# The package of this processor by name: the one called "node" would fetch it by a script that old npm trips over.
	case $(uname -m) in aarch64) processor=arm64 ;; *) processor=x64 ;; esac
	npm install --prefix .node --no-package-lock --no-audit --no-fund --loglevel=error --ignore-scripts \
		"node-linux-$processor@$(pinned node)" "npm@$(pinned packageManager)"
	ln -s "node-linux-$processor" .node/node_modules/node
	echo "$want" > .node/stamp
}

install_packages() {
	want="$(sum package-lock.json package.json)"
	[ "$(cat node_modules/.stamp 2>/dev/null || true)" = "$want" ] && return
	# Scripts stay off: the only one is that of the node package, which is already here.
	node .node/node_modules/npm/bin/npm-cli.js ci --ignore-scripts --no-audit --no-fund --loglevel=error
	echo "$want" > node_modules/.stamp
}

stamp="$(sum src widget worker tools index.html vite.config.ts tsconfig.json package.json package-lock.json $(ls -d public 2>/dev/null))"
[ "$(cat dist/.stamp 2>/dev/null || true)" = "$stamp" ] && [ "${1:-}" != --install ] && exit 0
fetch_node
PATH="$PWD/.node/node_modules/node/bin:$PATH"
export PATH
install_packages
[ "${1:-}" = --install ] && exit 0
npx --no-install vite build --logLevel warn
node widget/build.mjs
node tools/icons.mjs
node worker/build.mjs
node tools/compress.mjs
echo "$stamp" > dist/.stamp
