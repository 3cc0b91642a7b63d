import { Type } from '@sinclair/typebox';
import type { SpecDoc } from './field';
import { atomicList, duration, field, oneOf, optional } from './field';
import { csiAdvanced } from './shared-spec';

/** The parts of a WekaCluster about services around the file system, and the switches of last resort. */

const flag = (does: string, change: SpecDoc['change'] = 'live') =>
  optional(Type.Boolean(field({ does, absent: 'false', change })));
const text = (does: string, absent: string, change: SpecDoc['change'] = 'newOnly') =>
  optional(Type.String(field({ does, absent, change })));
const port = (does: string, absent: string) =>
  optional(
    Type.Integer(
      field({
        does: `${does} Kept as first allocated: a later change is reported, not applied.`,
        unit: 'port number',
        absent,
        change: 'nothing',
      }),
    ),
  );

/** spec.ports and status.ports share names; these are the wishes. */
export const clusterPorts = Type.Object(
  {
    basePort: port('First port of the range that the cluster gets on its nodes.', 'the first free range from 35000 on'),
    portRange: optional(
      Type.Integer(
        field({
          does: 'Length of that range. Kept as first allocated: a later change is reported, not applied.',
          unit: 'ports',
          absent: '260; 500 for WEKA before 5.1',
          change: 'nothing',
        }),
      ),
    ),
    lbPort: port('Where the S3 load balancer takes requests.', 'chosen within the range'),
    lbAdminPort: port('Administration of the S3 load balancer.', 'chosen within the range'),
    s3Port: port('Where S3 containers take requests from the load balancer.', 'chosen within the range'),
    managementProxyPort: port(
      'Where the management proxy takes requests.',
      'chosen within the range when the proxy is first needed',
    ),
  },
  field({
    does: 'Ports of the cluster on its nodes.',
    absent: 'free ones are chosen and kept in status.ports',
    change: 'nothing',
  }),
);

/** spec.wekaHome. */
export const wekaHome = Type.Object(
  {
    endpoint: text(
      'URL of WEKA Home, where events and statistics are sent.',
      'what the operator is installed with, https://api.home.weka.io',
      'live',
    ),
    allowInsecure: flag('Sends without verifying the certificate of the endpoint.'),
    cacertSecret: text(
      'Secret of this namespace with the CA certificate of the endpoint under the key cert.pem.',
      'what the operator is installed with',
      'pod',
    ),
    enableStats: optional(
      Type.Boolean(
        field({
          does: 'Sends performance statistics beside events.',
          absent: 'what the operator is installed with, true',
          change: 'live',
        }),
      ),
    ),
  },
  field({ does: 'Reporting to WEKA Home.', absent: 'as the operator is installed', change: 'live' }),
);

const vault = Type.Object(
  {
    address: Type.String(field({ does: 'URL of the Vault server.', change: 'newOnly' })),
    role: Type.String(field({ does: 'Vault role to log in as.', change: 'newOnly' })),
    authPath: text('Path of the authentication method under auth/.', 'kubernetes'),
    transitPath: text('Mount path of the transit engine.', 'transit'),
    method: optional(
      oneOf(['kubernetes'] as const, field({ does: 'How to log in.', absent: 'kubernetes', change: 'newOnly' })),
    ),
    keyName: text('Name of the transit key.', 'weka-key'),
  },
  field({ does: 'Keys are kept in HashiCorp Vault.', absent: 'not used', change: 'newOnly' }),
);
/** spec.encryption. */
export const encryption = Type.Object(
  {
    vault: optional(vault),
    internal: optional(
      Type.Object(
        {
          enabled: Type.Boolean(
            field({
              does: 'Keeps the key in the configuration of WEKA itself: to try encryption out, not for production.',
              change: 'newOnly',
            }),
          ),
        },
        field({ does: 'Encryption without a key server.', absent: 'not used', change: 'newOnly' }),
      ),
    ),
  },
  field({
    does: 'Where keys of encrypted filesystems are kept. Set up once; filesystems made before stay as they are.',
    absent: 'filesystems are not encrypted',
    change: 'newOnly',
  }),
);

/** spec.nfs. */
export const nfs = Type.Object(
  {
    interfaces: optional(
      atomicList(
        Type.String(),
        field({
          does: 'The interface that NFS is served on; at most one.',
          absent: 'network.ethDevice, or the only one of network.ethDevices',
          change: 'newOnly',
        }),
      ),
    ),
    ipRanges: optional(
      atomicList(
        Type.String(),
        field({
          does: 'Floating addresses, as ranges like 10.0.0.10-20; removing a range removes its addresses.',
          absent: 'none',
          change: 'live',
        }),
      ),
    ),
  },
  field({
    does: 'NFS service; used when dynamicTemplate.nfsContainers is above 0.',
    absent: 'defaults',
    change: 'live',
  }),
);

/** spec.s3. */
export const s3 = Type.Object(
  {
    clusterCreateArgs: optional(
      atomicList(
        Type.String(),
        field({
          does: 'Arguments added as they are when the S3 service is created; change a running one with the weka command.',
          absent: 'none',
          change: 'nothing',
        }),
      ),
    ),
  },
  field({
    does: 'S3 service; used when dynamicTemplate.s3Containers is above 0.',
    absent: 'defaults',
    change: 'nothing',
  }),
);

/** spec.smbw. */
export const smbw = Type.Object(
  {
    clusterName: text('Name of the SMB-W service in the domain.', 'default', 'nothing'),
    domainName: Type.String(field({ does: 'Active Directory domain to serve.', change: 'nothing' })),
    domainJoinSecret: Type.String(
      field({
        does: 'Secret of this namespace with the password for joining the domain under the key password.',
        change: 'live',
      }),
    ),
    userName: text('Domain user who joins; without it the domain is not joined.', 'none', 'live'),
    ipRanges: optional(
      atomicList(Type.String(), field({ does: 'Floating addresses, as ranges.', absent: 'none', change: 'live' })),
    ),
  },
  field({
    does: 'SMB-W service; used when dynamicTemplate.smbwContainers is above 0.',
    absent: 'no SMB-W service',
    change: 'live',
  }),
);

const splunk = Type.Object(
  {
    authTokenSecretRef: Type.String(
      field({ does: 'Where the token is: SECRET.KEY, in this namespace.', change: 'live' }),
    ),
    endpoint: Type.String(field({ does: 'URL of the HTTP event collector.', change: 'live' })),
    caCertSecretRef: text(
      'Where the CA certificate of the endpoint is: SECRET.KEY, in this namespace. Not together with verifyWithClusterCACert.',
      'public authorities are trusted',
      'live',
    ),
    allowUnverifiedCertificate: flag('Sends without verifying the certificate of the endpoint.'),
    verifyWithClusterCACert: flag('Verifies the endpoint with the CA of the WEKA cluster.'),
  },
  field({ does: 'Sends to a Splunk HTTP event collector.', absent: 'not sent there', change: 'live' }),
);
/** spec.telemetry. */
export const telemetry = Type.Object(
  {
    exports: optional(
      atomicList(
        Type.Object({
          name: Type.String(field({ does: 'Name of this export, unique in the list.', change: 'live' })),
          sources: atomicList(Type.String(), field({ does: 'What is exported, as audit.', change: 'live' })),
          splunk: optional(splunk),
        }),
        field({
          does: 'Where telemetry goes. With at least one, every compute container gets a telemetry container beside it.',
          absent: 'nowhere',
          change: 'live',
        }),
      ),
    ),
  },
  field({ does: 'Export of audit events and other telemetry.', absent: 'nothing is exported', change: 'live' }),
);

/** spec.csiConfig. */
export const csiConfig = Type.Object(
  {
    endpointsSubnets: optional(
      atomicList(
        Type.String(),
        field({
          does: 'Subnets in CIDR notation; only management addresses in them are given to the CSI plugin.',
          absent: 'all addresses',
          change: 'live',
        }),
      ),
    ),
    csiGroup: text(
      'Name that CSI objects of this cluster share with other clusters; the driver is called NAME.weka.io.',
      'CLUSTER.NAMESPACE',
    ),
    advanced: optional(
      csiAdvanced({ does: 'Settings of the CSI plugin itself.', absent: 'defaults', change: 'rolls' }),
    ),
  },
  field({ does: 'How the CSI plugin reaches this cluster.', absent: 'defaults', change: 'live' }),
);

const upgradeOverrides = {
  upgradeForceReplace: flag('Unsafe. Replaces containers at an upgrade without stopping WEKA in them first.'),
  upgradeForceReplaceDrives: flag('Unsafe. The same for drive containers only.'),
  upgradeAllAtOnce: flag('Unsafe. Upgrades every container at once: the cluster stops serving meanwhile.'),
  upgradePaused: flag('Holds an upgrade where it is.'),
  upgradePausePreCompute: flag('Holds an upgrade after the drive containers, before the compute containers.'),
};
const deletionOverrides = {
  allowS3ClusterDestroy: flag(
    'Lets the S3 service be destroyed with all its buckets, once dynamicTemplate.s3Containers is 0 and one S3 container is left.',
  ),
  allowSmbwClusterDestroy: flag(
    'Lets the SMB-W service be destroyed with its shares, once dynamicTemplate.smbwContainers is 0.',
  ),
  cancelDeletion: flag(
    'Keeps a cluster alive that was deleted by mistake, within gracefulDestroyDuration: its containers come back. Taking it away resumes the deletion.',
  ),
  podTerminationDeactivationTimeout: optional(
    duration(
      field({
        does: 'How long the Pod of a drive or compute container may be terminating before the container is deactivated and replaced; 0 means never.',
        unit: 'duration, as 5m',
        absent: '5m',
        change: 'live',
      }),
    ),
  ),
};
const formationOverrides = {
  disregardRedundancy: flag(
    'For tests only. Puts several containers of a role on one node, against failure domains.',
    'newOnly',
  ),
  forceAio: flag(
    'Reads drives through the kernel instead of NVMe directly: slower, for drives that do not work otherwise. Set when the cluster is formed.',
    'nothing',
  ),
  postFormClusterScript: text(
    'Shell script that runs once in a drive container after the cluster is formed, before drives are added.',
    'none',
    'nothing',
  ),
};
const driverOverrides = {
  driversBuildId: text('Build of the drivers to ask the distribution service for.', 'found out on each node', 'pod'),
  driversLoaderImage: text('Image that loads the drivers.', 'the loader of the operator', 'pod'),
};
/** spec.overrides. */
export const overrides = Type.Object(
  { ...deletionOverrides, ...formationOverrides, ...driverOverrides, ...upgradeOverrides },
  field({ does: 'Switches of last resort, for use with WEKA support.', absent: 'none', change: 'live' }),
);
