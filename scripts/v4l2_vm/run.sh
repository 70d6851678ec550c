#!/usr/bin/env bash
# run.sh FOLDER [SECONDS]
# Boots the machine that prepare.sh has made, and runs FOLDER/job.sh in it as root, for SECONDS (300) at most. The host's
# root is there, read-only; FOLDER is /mnt/job, where the output is found afterwards in `stdout` and `stderr`.
# Its exit status is the job's; 125 if the machine ended without one; see `console` in FOLDER then.
# Without hardware acceleration, which is not everywhere, and hangs this kernel in some virtual machines.
set -uo pipefail
job=$(realpath "${1:?usage: run.sh FOLDER [SECONDS]}")
machine=$(cd "$(dirname "$0")/../../target/v4l2_vm" && pwd) || exit 125
rm -f "$job/status"
timeout --kill-after=5 "${2:-300}" qemu-system-x86_64 -accel tcg,thread=multi -cpu max -smp 2 -m 1536 \
  -nodefaults -display none -serial stdio -nic none -no-reboot \
  -kernel "$machine/vmlinuz" -initrd "$machine/initrd" \
  -append "console=ttyS0 panic=-1 quiet mitigations=off" \
  -virtfs local,path=/,mount_tag=root,security_model=none,readonly=on,multidevs=remap \
  -virtfs "local,path=$job,mount_tag=job,security_model=none" </dev/null >"$job/console" 2>&1 &
qemu=$!
# Whoever ends this script ends the machine with it.
trap 'kill "$qemu" 2>/dev/null' EXIT
trap 'exit 143' TERM INT HUP
wait "$qemu"
exit "$(cat "$job/status" 2>/dev/null || echo 125)"
