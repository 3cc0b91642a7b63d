import { NETWORK, NODE_NAME } from './addresses';
import { PAUSE_IMAGE } from './images';

/** Serial numbers of the node's own drives; it finds them by these. */
export const DRIVES = { root: 'NODE-ROOT', containers: 'NODE-CONTAINERS', identity: 'NODE-IDENTITY' } as const;

/** Where the drive with the credentials of one run is mounted. */
const IDENTITY = '/etc/kubernetes/identity';

/** Files of that drive. */
export const IDENTITY_FILES = { ca: 'ca.crt', kubelet: 'kubelet.kubeconfig', proxy: 'kube-proxy.kubeconfig' } as const;

const CONTAINERD = `version = 3
root = "/var/lib/containerd"
state = "/run/containerd"
disabled_plugins = [
  "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.blockfile", "io.containerd.snapshotter.v1.erofs", "io.containerd.nri.v1.nri",
  "io.containerd.tracing.processor.v1.otlp",
]
[plugins."io.containerd.cri.v1.images".pinned_images]
  sandbox = "${PAUSE_IMAGE}"
[plugins."io.containerd.cri.v1.runtime".cni]
  bin_dirs = ["/usr/lib/cni"]
  conf_dir = "/etc/cni/net.d"
`;

const KUBELET = {
  apiVersion: 'kubelet.config.k8s.io/v1beta1',
  kind: 'KubeletConfiguration',
  authentication: {
    anonymous: { enabled: false },
    webhook: { enabled: true },
    x509: { clientCAFile: `${IDENTITY}/${IDENTITY_FILES.ca}` },
  },
  authorization: { mode: 'Webhook' },
  cgroupDriver: 'cgroupfs',
  containerRuntimeEndpoint: 'unix:///run/containerd/containerd.sock',
  failSwapOn: false,
  evictionHard: { 'nodefs.available': '1%', 'memory.available': '50Mi', 'imagefs.available': '1%' },
  // No image may be collected: none could be pulled again.
  imageGCHighThresholdPercent: 100,
  resolvConf: '',
  nodeStatusUpdateFrequency: '10s',
  clusterDNS: [NETWORK.host],
  clusterDomain: 'cluster.local',
};

const CNI = {
  cniVersion: '1.0.0',
  name: 'pods',
  plugins: [
    {
      type: 'ptp',
      ipam: { type: 'host-local', ranges: [[{ subnet: NETWORK.pods }]], routes: [{ dst: '0.0.0.0/0' }] },
    },
  ],
};

/**
 * The first process of the node. A kubelet that ends takes the node down, the end of its log on the console. On the second
 * serial port a shell answers one command a line (base64) with its exit code and output (base64): see node-shell.ts.
 */
const INIT = `#!/bin/sh
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev 2>/dev/null
mkdir -p /dev/pts /dev/shm; mount -t devpts pts /dev/pts
for d in /dev/shm /run /tmp; do mount -t tmpfs tmp $d; done
mount -t securityfs security /sys/kernel/security
mount -t cgroup2 cgroup /sys/fs/cgroup
for c in cpuset cpu io memory hugetlb pids; do echo +$c > /sys/fs/cgroup/cgroup.subtree_control; done
# Volumes of Pods are mounted with propagation, which the kernel's default forbids.
mount --make-rshared /
for b in /sys/block/nvme*; do
  case "$(cat $b/device/serial)" in
    ${DRIVES.containers}*) mount -t ext4 /dev/\${b##*/} /var/lib/containerd ;;
    ${DRIVES.identity}*) mount -t ext4 -o ro /dev/\${b##*/} ${IDENTITY} ;;
  esac
done
for m in virtio_pci virtio_net overlay br_netfilter veth nf_tables nft_compat nf_nat xt_comment; do modprobe $m; done
hostname ${NODE_NAME}; echo '127.0.0.1 localhost ${NODE_NAME}' > /etc/hosts
ip link set lo up; ip link set eth0 up; ip addr add ${NETWORK.node}/24 dev eth0; ip route add default via ${NETWORK.host}
echo 1 > /proc/sys/net/ipv4/ip_forward
echo 64 > /proc/sys/vm/nr_hugepages
stty -F /dev/ttyS1 raw -echo
( while IFS= read -r line; do
    echo "$line" | base64 -d > /run/command; sh /run/command > /run/said 2>&1 < /dev/null; echo "$? $(base64 -w0 /run/said)"
  done < /dev/ttyS1 > /dev/ttyS1 ) &
echo; echo "@@ up $(cut -d' ' -f1 /proc/uptime)"
containerd > /var/log/containerd.log 2>&1 &
until ctr version > /dev/null 2>&1; do sleep 0.3; done
echo "@@ containerd $(cut -d' ' -f1 /proc/uptime)"
kube-proxy --kubeconfig ${IDENTITY}/${IDENTITY_FILES.proxy} --proxy-mode nftables --hostname-override ${NODE_NAME} > /var/log/kube-proxy.log 2>&1 &
kubelet --config /etc/kubernetes/kubelet.yaml --kubeconfig ${IDENTITY}/${IDENTITY_FILES.kubelet} --hostname-override ${NODE_NAME} --node-ip ${NETWORK.node} --housekeeping-interval=60s --v=1 > /var/log/kubelet.log 2>&1
echo "@@ kubelet ended with $?"; tail -n 40 /var/log/kubelet.log; sync; echo o > /proc/sysrq-trigger; sleep 60
`;

/** Files of the node's root file system beside packages and programs, by path. Those that end in `init` are executable. */
export const NODE_FILES: Readonly<Record<string, string>> = {
  '/sbin/node-init': INIT,
  '/etc/containerd/config.toml': CONTAINERD,
  '/etc/kubernetes/kubelet.yaml': `${JSON.stringify(KUBELET, null, 2)}\n`,
  '/etc/cni/net.d/10-pods.conflist': `${JSON.stringify(CNI, null, 2)}\n`,
};

/** Directories that must be there. */
export const NODE_DIRECTORIES = [IDENTITY, '/var/lib/containerd', '/var/lib/kubelet', '/var/log/pods', '/opt'];

/** Configuration of the containerd that fills a store here, before any node boots. */
export const importConfig = (store: string, run: string): string => `${CONTAINERD.replace(
  '/var/lib/containerd',
  store,
).replace('/run/containerd', `${run}/state`)}[grpc]
  address = "${run}/containerd.sock"
[ttrpc]
  address = "${run}/containerd.sock.ttrpc"
`;
