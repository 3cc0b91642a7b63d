import { asOperatorError } from '../../lib/base/errors';
import type { BuildResult } from '../../lib/drivers/agent-result';
import { failureOf } from '../shared/failure';
import type { BuildParts } from './build';
import { buildPackage } from './build';
import type { BuilderSettings } from './settings';
import type { UploadParts } from './upload';
import { uploadPackage } from './upload';

/** What a whole run needs. */
export interface RunParts extends BuildParts, Pick<UploadParts, 'orders' | 'times'> {
  /** Seconds since the run began, whole. */
  readonly seconds: () => number;
}

/** Builds, uploads, and says what came of it. Rejects only with the reason of `stop`. */
export const runBuilder = async (settings: BuilderSettings, parts: RunParts): Promise<BuildResult> => {
  const { log, stop, seconds } = parts;
  try {
    const built = await buildPackage(settings, parts);
    log.info('The package is built', { sha256: built.sha256, bytes: built.archive.length });
    parts.report('uploading');
    await uploadPackage(built, { ...parts, caFile: settings.gateway.caFile });
    log.info('The package is uploaded', { sha256: built.sha256 });
    const { sha256, compiler, archive } = built;
    return { kind: 'DriverBuilt', sha256, size: archive.length, seconds: seconds(), compiler };
  } catch (error) {
    stop.throwIfAborted();
    const { message, remedy } = asOperatorError(error);
    log.error('No package', { error, summary: message, remedy });
    return { kind: 'DriverBuildFailed', failure: failureOf(error), seconds: seconds() };
  }
};
