/** Parses instants (RFC 7643 section 2.3.5, xsd:dateTime). */

// A blank stands for a "+" that the client did not escape in a URL.
const DATE_TIME = /^(\d{4})-(\d\d)-(\d\d)(T\d\d:\d\d:\d\d)(\.\d+)?(?:Z|([+ -])(\d\d:\d\d))?$/i;

/** Returns the instant to the millisecond; without an offset it is UTC. Undefined if there is no such day or time. */
export function parseDateTime(text: string): Date | undefined {
  const [, year, month, day, time = '', fraction = '', sign, offset] = DATE_TIME.exec(text) ?? [];
  if (year === undefined || Number(day) > daysOf(Number(year), Number(month))) return undefined;
  const zone = offset === undefined ? 'Z' : `${sign === '-' ? '-' : '+'}${offset}`;
  const date = new Date(`${year}-${month}-${day}${time.toUpperCase()}${fraction.slice(0, 4)}${zone}`);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

const daysOf = (year: number, month: number) => new Date(Date.UTC(year, month, 0)).getUTCDate();
