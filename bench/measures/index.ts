import type { Measure } from '../measure';
import { apply } from './apply';
import { crash } from './crash';
import { distDownload } from './dist-download';
import { distUpload } from './dist-upload';
import { fleet } from './fleet';
import { list } from './list';
import { loader } from './loader';
import { policy } from './policy';
import { start } from './start';
import { synthesis } from './synthesis';
import { watch } from './watch';

/** Everything that is measured, in the order of the table. */
export const MEASURES: readonly Measure[] = [
  synthesis,
  list,
  apply,
  watch,
  start,
  policy,
  crash,
  distDownload,
  distUpload,
  loader,
  fleet,
];
