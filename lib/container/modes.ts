/**
 * The modes of a WekaContainer whose Pods this version makes. Every other mode is read, validated and left alone:
 * what another operator runs under it keeps running.
 */
export const DRIVER_MODES = ['drivers-dist', 'drivers-builder', 'dist'] as const;
export type DriverMode = (typeof DRIVER_MODES)[number];

export const isDriverMode = (mode: string): mode is DriverMode => (DRIVER_MODES as readonly string[]).includes(mode);

/** Containers that do one thing and end. `dist` is WEKA's old word for a builder. */
export const isBuilderMode = (mode: string): mode is Exclude<DriverMode, 'drivers-dist'> =>
  isDriverMode(mode) && mode !== 'drivers-dist';

/** The agent that runs beside WEKA's image in a Pod of this mode. */
export const agentOf = (mode: DriverMode): string => (isBuilderMode(mode) ? 'drivers-builder' : 'drivers-dist');
