/** Read mask → projection of MongoDB, so that what a caller does not want is not read from the database. */
import type { ReadMask } from '../model/read-mask.js';

/** The paths in documents of those fields that have another one there, or none. */
const PATHS: Readonly<Record<string, string>> = {
  id: '_id',
  etag: 'version',
  // Neither is in the document of a user: the name of the manager is that of another.
  groups: '_id',
  managerDisplayName: 'enterprise.manager.value',
};

/** Returns the projection for a mask, and for the paths that the reader itself needs; undefined: the whole document. */
export function projectionOf(mask: ReadMask | undefined, ...needed: string[]): Record<string, 1> | undefined {
  if (!mask) return undefined;
  const paths = ['_id', ...mask.map((name) => PATHS[name] ?? name), ...needed];
  // MongoDB refuses a path together with one below it.
  const isCovered = (path: string) => paths.some((other) => path.startsWith(`${other}.`));
  return Object.fromEntries(paths.filter((path) => !isCovered(path)).map((path) => [path, 1]));
}
