/** Where clients reach the edge, as commands tell it to people. */

/** The edge's own address without a slash at the end: as given, else PUBLIC_URL, else this machine's. */
export const publicUrl = (given?: string): string =>
  (given || process.env.PUBLIC_URL || `http://localhost:${process.env.PORT || 8080}`).replace(/\/+$/, '');
