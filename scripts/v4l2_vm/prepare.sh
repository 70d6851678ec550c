#!/usr/bin/env bash
# prepare.sh
# Makes the machine of the device tests in target/v4l2_vm: Debian's own kernel, and a first file system with the
# modules for virtual cameras. Does nothing if it is there and neither this file nor `init` has changed.
# Needs no root: the packages of the kernel are unpacked, not installed. scripts/requirements.ts has the tools.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
folder=$here/../../target/v4l2_vm
fail() { echo "Cannot make the machine of the device tests: $1" >&2; exit 1; }

mkdir -p "$folder"
# One set-up at a time writes the folder.
exec 9>"$folder/lock"
flock 9
recipe=$(cat "$here/prepare.sh" "$here/init" | sha256sum)
[ "$(cat "$folder/recipe" 2>/dev/null || true)" != "$recipe" ] || exit 0
rm -f "$folder/recipe"
work=$folder/work
rm -rf "$work"
mkdir -p "$work"
trap 'rm -rf "$work"' EXIT
cd "$work"

depends() { apt-cache depends "$1" 2>/dev/null | awk -v wanted="Depends:" '$1 == wanted { print $2 }' | grep "$2" || true; }
image=$(depends linux-image-amd64 '^linux-image-' | head -n 1)
if [ -z "$image" ] && [ "$(id -u)" = 0 ]; then
  apt-get update -qq >/dev/null || fail "apt-get update failed; its output above says why"
  image=$(depends linux-image-amd64 '^linux-image-' | head -n 1)
fi
[ -n "$image" ] || fail "apt knows no package linux-image-amd64; run \`apt-get update\`, on Debian"
version=${image#linux-image-}
headers=linux-headers-$version
kbuild=$(depends "$headers" '^linux-kbuild-' | head -n 1)
common=$(depends "$headers" '^linux-headers-.*-common$' | head -n 1)
[ -n "$kbuild" ] && [ -n "$common" ] || fail "apt knows no package $headers; run \`apt-get update\`"
# As root, apt would hand the download to a user of its own, who may not write here.
apt-get download -qq -o APT::Sandbox::User=root "$image" "$headers" "$common" "$kbuild" v4l2loopback-dkms busybox-static ||
  fail "a package of the kernel cannot be downloaded; run \`apt-get update\` and try again"
for package in *.deb; do
  dpkg-deb -x "$package" root
  rm "$package"
done

# Debian ships the cameras that a program feeds as source only. Its headers name their place by an absolute path.
source=$(echo root/usr/src/v4l2loopback-*)
sed -i "s|/usr/src|$work/root/usr/src|" "root/usr/src/$headers/Makefile"
make -s -C "root/usr/src/$headers" M="$work/$source" CC=gcc modules >make.log 2>&1 ||
  { cat make.log >&2; fail "the module v4l2loopback does not compile; see above"; }
modules=root/lib/modules/$version
[ -d "$modules" ] || modules=root/usr/lib/modules/$version
mkdir "$modules/extra"
strip -g "$source/v4l2loopback.ko" -o "$modules/extra/v4l2loopback.ko"
base=${modules%/lib/modules/*}
/sbin/depmod -b "$base" "$version" 2>/dev/null

mkdir -p stage/{bin,dev,proc,sys,modules,host}
cp root/bin/busybox stage/bin/ 2>/dev/null || cp root/usr/bin/busybox stage/bin/
install -m 755 "$here/init" stage/init
# In the order in which they can be loaded.
for module in virtio_pci 9p 9pnet_virtio vivid v4l2loopback; do
  /sbin/modprobe -d "$base" -S "$version" --show-depends "$module" | awk '$1 == "insmod" { print $2 }'
done | awk '!seen[$0]++' | while read -r file; do
  name=$(basename "$file")
  case $name in
    *.xz) name=${name%.xz}; xz -dc "$file" >"stage/modules/$name" ;;
    *) cp "$file" stage/modules/ ;;
  esac
  echo "$name" >>stage/modules/list
done
for module in vivid v4l2loopback 9p; do
  grep -qx "$module.ko" stage/modules/list || fail "the package $image has no module $module"
done
(cd stage && find . | cpio -o -H newc --quiet | gzip -1) >"$folder/initrd"
cp "root/boot/vmlinuz-$version" "$folder/vmlinuz"
echo "$recipe" >"$folder/recipe"
echo "Made the machine of the device tests: Linux $version"
