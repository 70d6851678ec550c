#!/usr/bin/env bash
# build.sh PREFIX {default|gpl} [TRIPLE]: FFmpeg and its codec libraries, static and position-independent, for linking
# into one shared object. `default` is under the LGPL; `gpl` has x264 and x265 instead of openh264 and kvazaar.
# TRIPLE, such as aarch64-linux-gnu, is the platform by the name of its GCC; by default the one that this runs on.
#
# Leaves PREFIX/{include,lib,lib/pkgconfig,licences}. PREFIX/../work holds sources, codec libraries (which the variants
# share) and logs. Nothing is built twice: a stamp records the inputs of a result.
#
# Each source of sources.txt comes from the folder $GIFTGRAB_SOURCES if it is there, else from its addresses, else from
# the Debian pool that this machine's apt uses. Its SHA-256 must be the pinned one. JOBS: compilers at a time.
set -Eeuo pipefail
trap 'echo "Cannot build: \"$BASH_COMMAND\" failed, line $LINENO of ${BASH_SOURCE[0]}" >&2' ERR
fail() { echo "$*" >&2; exit 1; }

[ $# = 2 ] || [ $# = 3 ] || fail "usage: build.sh PREFIX {default|gpl} [TRIPLE]"
HERE=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
PREFIX=$(cd "$1" && pwd)
VARIANT=$2
WORK=$(dirname "$PREFIX")/work
CODECS=$WORK/codecs
JOBS=${JOBS:-$(nproc)}
OWN=$(uname -m)-linux-gnu
TRIPLE=${3:-$OWN}
ARCH=${TRIPLE%%-*}
CROSS=$TRIPLE-
[ "$TRIPLE" != "$OWN" ] || CROSS=
case $VARIANT in
  default) LIBRARIES="openh264 kvazaar libvpx svt-av1 dav1d" ;;
  gpl) LIBRARIES="x264 x265 libvpx svt-av1 dav1d" ;;
  *) fail "Cannot build the variant \"$VARIANT\": there are default and gpl" ;;
esac

debian_of() { # Debian's name of an architecture
  case $1 in aarch64) echo arm64 ;; x86_64) echo amd64 ;; *) echo "$1" ;; esac
}

# Programs as COMMAND[:PACKAGE].
absent=()
for need in "${CROSS}gcc:gcc${CROSS:+-$TRIPLE}" "${CROSS}g++:g++${CROSS:+-$TRIPLE}" cmake meson ninja:ninja-build \
  nasm make pkg-config xz:xz-utils patch; do
  command -v "${need%:*}" >/dev/null || absent+=("${need#*:}")
done
[ -f "$("${CROSS}gcc" -print-file-name=libz.a 2>/dev/null)" ] ||
  absent+=("zlib1g-dev${CROSS:+:$(debian_of "$ARCH")}")
[ ${#absent[@]} = 0 ] || fail "Cannot build FFmpeg: tools are missing; apt-get install ${absent[*]}"

mkdir -p "$WORK/sources" "$WORK/logs" "$CODECS/stamps"
export PKG_CONFIG_LIBDIR=$CODECS/lib/pkgconfig
unset CFLAGS CXXFLAGS LDFLAGS PKG_CONFIG_PATH

# shellcheck source=scripts/ffmpeg/codecs.sh
. "$HERE/codecs.sh"
# shellcheck source=scripts/ffmpeg/configure.sh
. "$HERE/configure.sh"
# shellcheck source=scripts/ffmpeg/licences.sh
. "$HERE/licences.sh"

field() { awk -F'|' -v name="$1" -v field="$2" '$1 == name { print $field }' "$HERE/sources.txt"; }

pools() { # the package sources of this machine's apt, in either form of its files
  {
    find /etc/apt/sources.list.d -name '*.sources' -exec awk '/^URIs:/ { print $2 }' {} +
    find /etc/apt -maxdepth 2 -name '*.list' -exec sed -n 's/^deb \(\[[^]]*\] \)\?\([^ ]*\) .*/\2/p' {} +
  } | sed -n '/debian\/\?$/p' | sort -u
}

patches() { find "$HERE/patches" -name "$1-*.patch" | sort; } # name: our changes to it

genuine() { echo "$(field "$1" 4)  $2" | sha256sum --check --status; }

obtain() { # name: its tarball, in $WORK/sources
  local name=$1 file address tarball
  file=$(field "$name" 5) tarball=$WORK/sources/$(field "$name" 5)
  if [ -n "${GIFTGRAB_SOURCES:-}" ] && [ -f "$GIFTGRAB_SOURCES/$file" ]; then
    genuine "$name" "$GIFTGRAB_SOURCES/$file" ||
      fail "Cannot build $name from \"$GIFTGRAB_SOURCES/$file\": its SHA-256 is not $(field "$name" 4); fetch it anew"
    cp "$GIFTGRAB_SOURCES/$file" "$tarball"
  fi
  if [ -f "$tarball" ] && genuine "$name" "$tarball"; then return; fi
  local addresses
  addresses="$(field "$name" 6) $(pools | sed "s#/*\$#/$(field "$name" 7)/${file//+/%2b}#")"
  for address in $addresses; do
    if download "$address" "$tarball" && genuine "$name" "$tarball"; then return; fi
    echo "$name is not at $address, or not with SHA-256 $(field "$name" 4)" >&2
  done
  rm -f "$tarball"
  fail "Cannot build $name: no address has its tarball; put $file into a folder and set GIFTGRAB_SOURCES to it"
}

download() { # address, file; apt's own transport knows the proxies and certificates of its pool
  if command -v curl >/dev/null && curl --fail --silent --location --connect-timeout 10 --output "$2" "$1"; then
    return
  fi
  [ -x /usr/lib/apt/apt-helper ] &&
    /usr/lib/apt/apt-helper -o APT::Sandbox::User=root download-file "$1" "$2" >/dev/null 2>&1
}

step() { # name, function, stamp, choices: runs it in the unpacked source of that name, unless the stamp is fresh
  local name=$1 build=$2 stamp=$3 made started=$SECONDS
  made=$({
    field "$name" 4
    patches "$name" | xargs -r cat
    declare -f "$build" with_cmake
    echo "$TRIPLE $C_FLAGS ${4:-}"
  } | sha256sum | cut -c1-64)
  [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$made" ] && return
  obtain "$name"
  rm -rf "${WORK:?}/$name" "$stamp"
  mkdir "$WORK/$name"
  tar xf "$WORK/sources/$(field "$name" 5)" -C "$WORK/$name" --strip-components=1
  patches "$name" | while read -r change; do patch -s -p1 -d "$WORK/$name" <"$change"; done
  # A function of its own shell: `set -e` does not hold to the left of `||`.
  ( set -e; cd "$WORK/$name"; "$build" ) >"$WORK/logs/$name.log" 2>&1 &
  wait $! || { tail -30 "$WORK/logs/$name.log" >&2; fail "Cannot build $name: see $WORK/logs/$name.log"; }
  echo "$made" >"$stamp"
  echo "$name $(field "$name" 2): $((SECONDS - started)) s"
}

for library in $LIBRARIES; do
  step "$library" "make_${library//-/_}" "$CODECS/stamps/$library"
done
# Its wrappers are compiled with the headers of these versions.
versions=$(for library in $LIBRARIES; do field "$library" 2; done)
step ffmpeg make_ffmpeg "$PREFIX/ffmpeg.stamp" "$(choices) $versions"
assemble
collect_licences
