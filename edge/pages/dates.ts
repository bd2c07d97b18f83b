/** Dates and times on pages, in UTC. `Intl` would load its data at the first page, and hold all requests for 50 ms. */

const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

/** Returns a date as "26 November 2026". */
export const dateText = (time: Date): string =>
  `${time.getUTCDate()} ${MONTHS[time.getUTCMonth()]} ${time.getUTCFullYear()}`;

/** Returns a time as "27 November 2026 at 12:03 UTC". */
export const timeText = (time: Date): string => `${dateText(time)} at ${time.toISOString().slice(11, 16)} UTC`;
