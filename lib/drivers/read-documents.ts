import type { Refused } from '../base/document';
import type { JsonObject } from '../base/json';
import type { Shape } from '../base/shape';
import { fields, flag, line, listOf, mapOf, oneOf, text, textThat, whole } from '../base/shape';
import type {
  BuilderDesired,
  BuilderObserved,
  DistDesired,
  DistObserved,
  NodeDesired,
  NodeObserved,
} from './agent-documents';
import { isPackageId, isSha256 } from './package';

/**
 * Checks the bodies of documents that came over a wire. Either side may be newer: fields that it doesn't know are ignored;
 * those that it knows have their type, or the document is refused with a sentence that names the field.
 */
type BodyReader<Body> = (body: JsonObject) => { readonly body: Body } | Refused;

const reader =
  <Body>(shape: Shape): BodyReader<Body> =>
  (body) => {
    const refused = shape(body, '');
    return refused === undefined ? { body: body as unknown as Body } : { refused };
  };

const PACKAGES = 10_000;
const id = textThat(isPackageId, 'a package id');
const sha256 = textThat(isSha256, 'a SHA-256 of 64 lower-case hexadecimal digits');
const moduleName = textThat((name) => /^[A-Za-z0-9_]{1,64}$/.test(name), 'the name of a module');
const url = line(2_048);
const pem = text(65_536);
/** wekaVersion, kernel and architecture: PackageKey. */
const key = { wekaVersion: line(256), kernel: line(256), architecture: line(32) };
const failure = fields({ code: line(64), parameters: mapOf(text(4_096)) });

export const readDistDesired = reader<DistDesired>(
  fields(
    {
      packages: listOf(fields({ id, ...key }, { sha256, mirror: fields({ url, sha256 }) }), PACKAGES),
      permitKeys: listOf(line(256), 8),
    },
    {
      certificate: pem,
      limitBytes: whole(0),
      extraCA: text(1_048_576),
      proxy: fields({ url, noProxy: listOf(line(256), 1_000) }),
    },
  ),
);

export const readDistObserved = reader<DistObserved>(
  fields({
    packages: listOf(
      fields(
        { id, state: oneOf('stored', 'fetching', 'quarantined', 'failed') },
        { sha256, size: whole(0), podUID: line(64), failure },
      ),
      PACKAGES,
    ),
    certificateRequest: pem,
    full: flag,
  }),
);

export const readBuilderDesired = reader<BuilderDesired>(fields({ id, ...key, distUrl: url, permit: line(4_096) }));

export const readBuilderObserved = reader<BuilderObserved>(
  fields({ step: oneOf('validating', 'preparing', 'building', 'uploading') }),
);

export const readNodeDesired = reader<NodeDesired>(fields({ intervalSeconds: whole(1, 86_400) }));

export const readNodeObserved = reader<NodeObserved>(
  fields(
    {
      bootID: line(64),
      kernel: line(256),
      architecture: line(32),
      secureBoot: oneOf('Enabled', 'Disabled', 'Unsupported'),
      signaturesEnforced: flag,
      modules: listOf(fields({ name: moduleName, srcversion: line(64), holders: listOf(moduleName, 100) }), 100),
      mounts: listOf(text(4_096), 20),
      kernels: listOf(fields({ release: line(256), headers: flag }), 1_000),
    },
    { system: fields({ id: line(64), version: line(64) }) },
  ),
);

/** Readers of what agents tell, by kind of the document. */
export const OBSERVED_READERS: Readonly<Record<string, BodyReader<unknown> | undefined>> = {
  DistObserved: readDistObserved,
  BuilderObserved: readBuilderObserved,
  NodeObserved: readNodeObserved,
};
