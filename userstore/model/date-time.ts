/** Instants in the text of extension attributes (RFC 7643 section 2.3.5, xsd:dateTime). Pure. */

const DATE_TIME = /^(\d{4})-(\d\d)-(\d\d)(T\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)?$/i;

/** Returns the instant to the millisecond; without an offset it is UTC. Undefined if there is no such day or time. */
export function instantIn(text: string): Date | undefined {
  const [, year, month, day, time = '', fraction = '', zone = 'Z'] = DATE_TIME.exec(text) ?? [];
  if (year === undefined || Number(day) > daysOf(Number(year), Number(month))) return undefined;
  const date = new Date(`${year}-${month}-${day}${time.toUpperCase()}${fraction.slice(0, 4)}${zone.toUpperCase()}`);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

const daysOf = (year: number, month: number) => new Date(Date.UTC(year, month, 0)).getUTCDate();
