/** What a marker line starts with. */
export const MARK = '@@ ';

/**
 * The first process of a guest. It brings up what a node has, runs the test's script under `sh -e` and says how that
 * ended: QEMU's own exit code is 0 even after a panic. Of the kernel only emergencies reach the console, so that no
 * message of it splits a marker line; after a failure the end of its log follows.
 */
export const INIT = `#!/bin/sh
export PATH=/sbin:/usr/sbin:/bin:/usr/bin HOME=/root TERM=dumb NO_COLOR=1
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/shm; mount -t devpts pts /dev/pts
for d in /dev/shm /run /tmp; do mount -t tmpfs tmp $d; done
mount -t securityfs security /sys/kernel/security
echo 1 > /proc/sys/kernel/printk
modprobe -a virtio_pci virtio_net
[ -d /sys/firmware/efi ] && modprobe efivarfs && mount -t efivarfs efivarfs /sys/firmware/efi/efivars
hostname guest; echo '127.0.0.1 localhost guest' > /etc/hosts
ip link set lo up; ip link set eth0 up; ip addr add 10.0.2.15/24 dev eth0; ip route add default via 10.0.2.2
set -a; . /vm/env; set +a
echo; echo '${MARK}START'
cd /root; sh -e /vm/script; status=$?
[ $status = 0 ] || { echo "the script ended with $status; the kernel's log ends:"; dmesg | tail -n 40; }
echo "${MARK}END $status"
sync; poweroff -f
`;
