#!/usr/bin/env bash
# Runs the tests of adapters/process in a virtual machine with Debian's kernel, which has what a host can lack: version 2
# of control groups, and systemd. Its files are this host's, with changes in memory. tools/vm/run says which tests run as
# whom. Without root or QEMU everything is skipped, which CI does not allow.
set -euo pipefail
deadline=20m # of a machine; one takes some minutes, without KVM too
cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/streamspace-vm

skip() {
	echo "skipped: $1" >&2
	[ -z "${CI:-}" ]
	exit
}
# kernel names the package of Debian's newest kernel.
kernel() { apt-cache depends linux-image-amd64 2>/dev/null | awk '$1 == "Depends:" {print $2; exit}'; }
# download gets the kernel, its modules and busybox, unless they are there.
download() {
	image=$(kernel)
	[ -z "$image" ] || ! [ -e "$cache/$image" ] || return 0
	apt-get update -q
	image=$(kernel)
	[ -n "$image" ] || return
	mkdir "$work/files"
	(cd "$work" && apt-get download -q -o APT::Sandbox::User=root "$image" busybox-static) || return
	dpkg-deb --fsys-tarfile "$work/$image"_*.deb | tar -x -C "$work/files" --wildcards './boot/vmlinuz-*' \
		'*/modules.builtin*' '*/modules.order' '*/kernel/'{fs,lib,crypto,net/9p,net/core,drivers/{net,virtio,block}}/'*' || return
	dpkg-deb -x "$work"/busybox-static_*.deb "$work/files" || return
	"$work/files/bin/busybox" depmod -b "$work/files" "${image#linux-image-}" || return
	rm -rf "${cache:?}"
	mkdir -p "$cache"
	mv "$work/files" "$cache/$image"
}
# boot KERNEL_ARGUMENTS PART...: starts a machine that runs these parts of the tests, and shows what they print.
boot() {
	printf '%s\n' "${@:2}" >"$work/disk/parts"
	rm -f "$work/disk.img"
	truncate --size=4G "$work/disk.img"
	PATH=$PATH:/usr/sbin mkfs.ext4 -q -d "$work/disk" "$work/disk.img"
	: >"$work/tests"
	timeout --kill-after=10 "$deadline" qemu-system-x86_64 "${accelerator[@]}" -smp 2 -m 4096 -nodefaults -display none \
		-no-reboot -kernel "$cache/$image/boot/vmlinuz-"* -initrd "$work/initrd" -append "console=ttyS0 panic=-1 mitigations=off $1" \
		-serial "file:$work/kernel" -serial "file:$work/tests" -nic user,model=virtio,restrict=on \
		-virtfs local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap \
		-drive "file=$work/disk.img,format=raw,if=virtio,cache=unsafe" </dev/null &
	vm=$!
	tail --lines=+1 --follow --sleep-interval=0.2 --pid="$vm" "$work/tests" |
		sed -u 's/\r$//; /^=== \(RUN\|PAUSE\|CONT\|NAME\)/d' | tee -a "$work/log" &
	shown=$!
	wait "$vm" || echo "the virtual machine ended with status $?, after at most $deadline" >&2
	vm=''
	wait "$shown"
	parts=$((parts + $# - 1))
}

[ "$(uname -m)" = x86_64 ] || skip "tools/vm.sh knows no virtual machine of $(uname -m)"
[ "$(id -u)" -eq 0 ] || skip "only root can give a virtual machine the files of this host"
command -v qemu-system-x86_64 >/dev/null || skip "QEMU is not installed; make deps installs it"
# Without these a processor cannot run the kernels of others, even where there is a /dev/kvm.
if [ -w /dev/kvm ] && grep -qwE 'vmx|svm' /proc/cpuinfo; then
	accelerator=(-accel kvm -cpu host)
else
	accelerator=(-accel tcg -cpu Nehalem) # newer instructions are slower to emulate
fi
vm='' parts=0
work=$(mktemp -d)
trap '[ -z "$vm" ] || { kill "$vm"; wait "$vm" || true; }; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
download || skip "no kernel of Debian could be downloaded"

mkdir -p "$work/root/bin" "$work/root/lib" "$work/disk/streamspace/adapters"
cp "$cache/$image/bin/busybox" "$work/root/bin/"
cp -r "$cache/$image/lib/modules" "$work/root/lib/"
cp tools/vm/init "$work/root/init"
(cd "$work/root" && find . | bin/busybox cpio -o -H newc 2>/dev/null) >"$work/initrd"
cp -r adapters/process "$work/disk/streamspace/adapters/"
cp -r deploy "$work/disk/streamspace/"
cp tools/vm/run tools/vm/tests.service "$work/disk/"
go test -c -o "$work/disk/streamspace/adapters/process/process.test" ./adapters/process

boot "" service shared alone delegated ordinary
boot "cgroup_disable=memory" no-memory
passed=$(grep -c '^== .*: passed ' "$work/log" || true)
sure=$(grep -c '^--- PASS: TestGroupsOfThisMachine' "$work/log" || true)
echo "$passed of $parts parts passed in $SECONDS s, on $image (${accelerator[*]})"
if [ "$passed" -ne "$parts" ] || [ "$sure" -ne "$parts" ]; then
	tail -n 40 "$work/kernel"
	exit 1
fi
