# The licence texts of everything that is linked in, with an index for machines. Sourced by build.sh.

collect_licences() { # into $PREFIX/licences: a folder for each library, and licences.json
  local name file rows=() texts licence to=$PREFIX/licences
  for name in ffmpeg $LIBRARIES; do
    texts=$(field "$name" 8) licence=$(field "$name" 3)
    if [ "$name$VARIANT" = ffmpeggpl ]; then
      texts="LICENSE.md COPYING.GPLv2 COPYING.LGPLv2.1" licence=GPL-2.0-or-later
    fi
    for file in $texts; do keep_text "$name" "$WORK/$name/$file" "$file"; done
    rows+=("$(row "$name" "$(field "$name" 2)" "$licence" "$(field "$name" 6)" "$(field "$name" 4)" "$texts")")
  done
  # Those of the compiler and of the system that are linked statically.
  keep_text zlib /usr/share/doc/zlib1g-dev/copyright copyright
  rows+=("$(row zlib "$(system_version zlib1g-dev)" Zlib https://zlib.net "" copyright)")
  local package=libstdc++-$("${CROSS}gcc" -dumpversion)-dev
  [ -z "$CROSS" ] || package+=-$(debian_of "$ARCH")-cross
  keep_text libstdc++ "/usr/share/doc/$package/copyright" copyright
  rows+=("$(row libstdc++ "$("${CROSS}gcc" -dumpfullversion)" "GPL-3.0-or-later WITH GCC-exception-3.1" \
    https://gcc.gnu.org "" copyright)")
  { echo "["; printf '%s\n' "${rows[@]}" | sed '$!s/$/,/'; echo "]"; } >"$to/licences.json"
}

keep_text() { # name, file, its name in the folder of licences
  mkdir -p "$PREFIX/licences/$1/$(dirname "$3")"
  cp -L "$2" "$PREFIX/licences/$1/$3" || fail "Cannot collect the licence of $1: $2 is missing"
}

row() { # name, version, licence, addresses, hash, files
  local files
  files=$(printf "\"$1/%s\", " $6)
  printf '  { "name": "%s", "version": "%s", "licence": "%s", "url": "%s", "sha256": "%s", "files": [%s] }' \
    "$1" "$2" "$3" "${4%% *}" "$5" "${files%, }"
}

system_version() { dpkg-query --show --showformat='${Version}' "$1"; }
