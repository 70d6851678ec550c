#!/usr/bin/env bash
# build.sh
# Builds MediaMTX, a server of RTSP, RTMP, SRT, HLS and WebRTC, from its Go module in target/media_server. Does nothing if it is there
# and this file has not changed. It needs Go and npm, takes a minute or two, and nothing of it is published.
set -euo pipefail
version=v1.13.0
here=$(cd "$(dirname "$0")" && pwd)
folder=$here/../../target/media_server
fail() { echo "Cannot build the media server: $1" >&2; exit 1; }
for tool in go npm; do command -v "$tool" >/dev/null || fail "$tool is not installed"; done
mkdir -p "$folder"
# One set-up at a time writes the folder.
exec 9>"$folder/lock"
flock 9
recipe=$(sha256sum <"$here/build.sh")
[ "$(cat "$folder/recipe" 2>/dev/null || true)" != "$recipe" ] || exit 0
rm -f "$folder/recipe"
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
cd "$work"
cat >go.mod <<MODULE
module build
go 1.24
require github.com/bluenviron/mediamtx $version
MODULE
printf '//go:build tools\npackage build\nimport _ "github.com/bluenviron/mediamtx"\n' >tools.go
# `go install` would want the list of versions as well, which not every proxy has.
go mod tidy >tidy.log 2>&1 || { tail -n 5 tidy.log >&2; fail "its module cannot be downloaded; see above"; }
cp -r "$(go list -m -f '{{.Dir}}' github.com/bluenviron/mediamtx)" source
chmod -R u+w source
# The module lacks two files that its authors generate.
printf '%s' "$version" >source/internal/core/VERSION
hls=$(sed 's/^v//' source/internal/servers/hls/hlsjsdownloader/VERSION)
npm pack --silent "hls.js@$hls" >/dev/null || fail "the package hls.js cannot be downloaded"
tar xzf "hls.js-$hls.tgz" package/dist/hls.min.js
cp package/dist/hls.min.js source/internal/servers/hls/
(cd source && go build -o "$folder/mediamtx" .) || fail "it does not compile; see above"
echo "$recipe" >"$folder/recipe"
echo "Built MediaMTX $version"
