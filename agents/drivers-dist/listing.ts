import { packageFile } from './package-record';

const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (mark) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[mark] ?? mark);

/** A page of what is stored, for people and for `wget -r`. Pure. */
export const listingPage = (
  packages: readonly { readonly id: string; readonly sha256: string; readonly size: number }[],
): string => {
  const link = (file: string, text: string): string => `<a href="${escaped(file)}">${escaped(text)}</a>`;
  const rows = packages.map(({ id, sha256, size }) => {
    const file = packageFile(id);
    return `<tr><td>${link(file, file)}</td><td>${size}</td><td>${link(`${file}.sha256`, sha256)}</td></tr>`;
  });
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8"><title>WEKA driver packages</title></head><body>',
    '<h1>WEKA driver packages</h1>',
    '<table><thead><tr><th>Package</th><th>Bytes</th><th>SHA-256</th></tr></thead><tbody>',
    ...rows,
    '</tbody></table>',
    '</body></html>',
    '',
  ].join('\n');
};
