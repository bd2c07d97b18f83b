/** Times as text, in UTC. */

/** Returns a time to the second: "2026-11-24 08:00:05Z". */
export const second = (time: Date | undefined): string => cut(time, 19);

/** Returns a time to the minute: "2026-11-24 08:00Z". */
export const minute = (time: Date | undefined): string => cut(time, 16);

const cut = (time: Date | undefined, length: number) =>
  time ? `${time.toISOString().slice(0, length).replace('T', ' ')}Z` : '-';
