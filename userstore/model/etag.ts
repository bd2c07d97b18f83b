/** Versions as weak entity tags. Pure. */

/** Returns the weak entity tag of a version. */
export const etagOf = (version: number) => `W/"${version}"`;

/** Returns the version in a weak entity tag; undefined if userstore did not make it. */
export const versionOf = (etag: string): number | undefined => {
  const digits = /^W\/"(\d{1,15})"$/.exec(etag)?.[1];
  return digits === undefined ? undefined : Number(digits);
};
