/** One thing that is wrong with an object. */
export interface Problem {
  /** Where: `spec.network.deviceSubnets[0]`; a missing field is named as if it were there. */
  readonly path: string;
  /** What was broken: `unknown-field`, `wrong-type`, `required`, … or the id of a rule of the kind. */
  readonly rule: string;
  /** What is wrong: one sentence that quotes the value. */
  readonly message: string;
  /** What to do: one sentence. */
  readonly remedy: string;
}
