import type { ModuleInfo } from '../../lib/drivers/module-info';
import type { SignaturePolicy } from '../../lib/drivers/load-facts';
import type { Failure } from './failure';
import { failure } from './failure';
import type { CommandEnd } from './host';

type Refused = Extract<CommandEnd, { ok: false }>;

/** Texts of the errors EKEYREJECTED and ENOKEY. */
const KEY_ERRORS = /Key was rejected by service|Required key not available/;
const CAUSE_LENGTH = 300;

/** What insmod says, without the name of the file: `File exists`. */
const reasonOf = (said: string): string => said.replace(/^.*could not (insert|remove) '?module [^:]*'?: /, '');

/** insmod's reason and the kernel's own words, as one clause. */
const causeOf = ({ said, kernelLog }: Refused): string => {
  const words = kernelLog.map((line) => `"${line}"`).join(', ');
  const text = words === '' ? reasonOf(said) : `${reasonOf(said)}; the kernel says ${words}`;
  return text.length > CAUSE_LENGTH ? `${text.slice(0, CAUSE_LENGTH)}…` : text;
};

/** Why a kernel did not load a module, from how insmod ended. */
export const loadRefusal = (end: Refused, module: ModuleInfo, policy: SignaturePolicy): Failure => {
  if (!KEY_ERRORS.test(end.said)) return failure('ModuleRefused', { module: module.name, cause: causeOf(end) });
  const by = policy.by || 'its own policy';
  return module.signed
    ? failure('SigningKeyNotTrusted', { module: module.name, signer: module.signer ?? 'an unnamed key', policy: by })
    : failure('ModuleNotSigned', { module: module.name, policy: by });
};

/** Why a kernel did not unload a module. */
export const unloadRefusal = (end: Refused, module: string): Failure =>
  failure('UnloadRefused', { module, cause: causeOf(end) });
