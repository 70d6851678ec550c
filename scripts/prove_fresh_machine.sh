#!/usr/bin/env bash
# prove_fresh_machine.sh [FOLDER]
# Makes a bare Debian 12 with nothing but Node and Rust (this machine's own, copied in), clones this repository's
# committed main into it and runs the README's two commands there: one records, one runs every test.
# Needs root, debootstrap and about 4 GB. The folder is left behind for a look; it is made anew each time.
set -euo pipefail
[ "$(id -u)" = 0 ] || { echo "Cannot make a root folder: this needs root" >&2; exit 1; }
command -v debootstrap >/dev/null || { echo "Cannot make a root folder: run apt-get install -y debootstrap" >&2; exit 1; }
repository=$(cd "$(dirname "$0")/.." && pwd)
root=${1:-/var/tmp/giftgrab-fresh}

mounted() { mountpoint -q "$root/$1"; }
release() { for place in dev/shm dev/pts dev proc sys; do if mounted $place; then umount "$root/$place"; fi; done; }
trap release EXIT
release
rm -rf "$root"
debootstrap --variant=minbase --include=ca-certificates bookworm "$root" >/dev/null

# How this machine reaches its package registries belongs to the machine, not to the project.
cp -a /etc/apt/. "$root/etc/apt/"
cp /etc/resolv.conf /etc/hosts "$root/etc/"
cp -a /usr/share/keyrings/. "$root/usr/share/keyrings/"
cp -a /etc/ssl/certs/. "$root/etc/ssl/certs/"
cp -a /usr/local/share/ca-certificates/. "$root/usr/local/share/ca-certificates/" 2>/dev/null || true
for file in .npmrc .cargo/config.toml; do
  if [ -f "$HOME/$file" ]; then mkdir -p "$root/root/$(dirname "$file")"; cp "$HOME/$file" "$root/root/$file"; fi
done

network=()
while IFS= read -r variable; do
  network+=("$variable")
  file=${variable#*=}
  if [ -f "$file" ]; then mkdir -p "$root$(dirname "$file")"; cp -L "$file" "$root$file"; fi
done < <(env | grep -iE '^(https?_proxy|no_proxy|[a-z_]*(ca_certs|ca_bundle|cert_file|cainfo|cafile))=' || true)

# Node and Rust, and nothing else.
node=$(dirname "$(dirname "$(readlink -f "$(command -v node)")")")
mkdir -p "$root$node/bin" "$root$node/lib/node_modules"
cp "$node/bin/node" "$root$node/bin/"
cp -a "$node/lib/node_modules/npm" "$root$node/lib/node_modules/"
ln -sf ../lib/node_modules/npm/bin/npm-cli.js "$root$node/bin/npm"
ln -sf ../lib/node_modules/npm/bin/npx-cli.js "$root$node/bin/npx"
mkdir -p "$root/opt/rust"
cp -a "$(rustc --print sysroot)/." "$root/opt/rust/"

git clone -q --no-local "$repository" "$root/root/giftgrab"
mount --bind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount -t sysfs sys "$root/sys"

inside() {
  chroot "$root" /usr/bin/env -i HOME=/root TERM=dumb CI="${CI:-}" \
    PATH="$node/bin:/opt/rust/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" \
    "${network[@]}" \
    bash -c "cd /root/giftgrab && $1" </dev/null
}
echo "fresh machine: $(inside 'cat /etc/debian_version'), node $(inside 'node --version'), $(inside 'cargo --version')"
for tool in cc pkg-config ffmpeg nasm deno; do
  if inside "command -v $tool" >/dev/null; then echo "Not fresh: $tool is there" >&2; exit 1; fi
done
echo "== npx -y deno@2.9 task record"
inside 'npx -y deno@2.9 task record'
echo "== npx -y deno@2.9 task test"
inside 'npx -y deno@2.9 task test'
