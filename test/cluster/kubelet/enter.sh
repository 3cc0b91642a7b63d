# Makes the file system of one container in a mount namespace of its own, then becomes the container's first process.
# Nothing of this machine is changed: what the container writes outside of its volumes goes to a file system in memory.
#
#   unshare --mount --propagation private sh enter.sh LAYERS IMAGE NODE MESSAGE [SOURCE TARGET ro|rw]… -- PROGRAM [ARGUMENT]…
#
# LAYERS   an empty directory    IMAGE    files that lie over this machine's, as the image's
# NODE     the node's own root   MESSAGE  the file that is the container's /dev/termination-log
set -eu
layers=$1 image=$2 node=$3 message=$4
shift 4
mount -t tmpfs tmpfs "$layers"
mkdir "$layers/upper" "$layers/work" "$layers/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$layers/upper,workdir=$layers/work" "$layers/root"
root=$layers/root
cp -a "$image/." "$root/"
mkdir -p "$root/run/machine/proc"
mount --rbind /proc "$root/run/machine/proc"
# The kernel that a container sees is its node's.
mount --bind "$node/proc" "$root/proc"
mount --bind "$node/sys" "$root/sys"
mount -t tmpfs tmpfs "$root/dev"
for device in null zero full random urandom tty; do
  : >"$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
: >"$root/dev/termination-log"
mount --bind "$message" "$root/dev/termination-log"
while [ "$1" != -- ]; do
  if [ -d "$1" ]; then
    mkdir -p "$root$2"
  else
    mkdir -p "$(dirname "$root$2")"
    : >"$root$2"
  fi
  mount --bind "$1" "$root$2"
  if [ "$3" = ro ]; then mount -o remount,bind,ro "$root$2"; fi
  shift 3
done
shift
# Without any capability: a stand-in for insmod that is missing must not let the real one reach this machine's kernel.
exec chroot "$root" setpriv --pdeathsig KILL --bounding-set=-all --inh-caps=-all --no-new-privs "$@"
