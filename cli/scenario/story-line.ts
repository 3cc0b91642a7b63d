import type { Strike } from '../../sim/faults/injector';
import { paint } from '../terminal';
import type { Happening } from './story';

const SIGN = { made: '+', gone: '-', is: ' ' } as const;
const COLOUR = { made: 'green', gone: 'red', is: 'dim' } as const;

/** `  1m 19.0s  + Pod/default/a  by WekaContainer/a`: one line of a story. Pure. */
export const storyLine = ({ at, what, object, text }: Happening, colour: boolean): string => {
  const line = `${SIGN[what]} ${object}${text === '' ? '' : `  ${text}`}`;
  return `${timeOf(at).padStart(11)}  ${paint(colour, COLOUR[what], line)}\n`;
};

/** `     12.0s  ! crash: manager-0 dies after write 3, apply Pod/default/a`. Pure. */
export const strikeLine = ({ at, fault, text }: Strike, colour: boolean): string =>
  `${timeOf(at).padStart(11)}  ${paint(colour, 'yellow', `! ${fault}: ${text}`)}\n`;

/** `0.0s`, `1m 19.0s`, `2h 0m 3.5s`. */
export const timeOf = (ms: number): string => {
  const seconds = ms / 1000;
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
  const rest = `${(seconds % 60).toFixed(1)}s`;
  return [hours > 0 ? `${hours}h` : '', hours > 0 || minutes > 0 ? `${minutes}m` : '', rest].filter(Boolean).join(' ');
};
