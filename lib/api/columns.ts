import type { PrinterColumn } from './kind';

/** A column of text; `priority` 1: only with `-o wide`. */
export const textColumn = (name: string, jsonPath: string, description: string, priority = 0): PrinterColumn => ({
  name,
  type: 'string',
  jsonPath,
  description,
  ...(priority === 0 ? {} : { priority }),
});

/** The columns that every kind has. */
export const readyColumn = (description: string): PrinterColumn =>
  textColumn('Ready', '.status.conditions[?(@.type=="Ready")].status', description);
export const messageColumn: PrinterColumn = textColumn(
  'Message',
  '.status.conditions[?(@.type=="Ready")].message',
  'Why it is not ready',
  1,
);
export const ageColumn: PrinterColumn = {
  name: 'Age',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
  description: 'Time since creation',
};
