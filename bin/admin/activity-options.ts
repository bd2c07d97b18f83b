/** The values of options about times and statuses. */
import { InvalidArgumentError } from 'commander';

const UNITS: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Without a zone the time is UTC, like the printed times. */
const DATE_TIME = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:\d\d)?)?$/i;

/** Returns the time in an option: a time, or an age. Throws InvalidArgumentError. */
export function time(text: string): Date {
  const [, number, unit = ''] = /^(\d{1,5})([mhd])$/.exec(text) ?? [];
  if (number !== undefined) return new Date(Date.now() - Number(number) * (UNITS[unit] ?? 0));
  const [, date, clock = '00:00', zone = 'Z'] = DATE_TIME.exec(text) ?? [];
  const found = new Date(`${date}T${clock}${zone}`);
  if (Number.isNaN(found.getTime())) throw new InvalidArgumentError('A time is 2026-11-24T08:00 (UTC), 90m, 2h or 7d.');
  return found;
}

/** Returns the status in an option, or the first digit of a class of statuses. Throws InvalidArgumentError. */
export function status(text: string): number {
  const [, digits] = /^([1-5](?:xx|\d\d))$/.exec(text) ?? [];
  if (digits === undefined) throw new InvalidArgumentError('A status is 409, or 4xx for all from 400 to 499.');
  return digits.endsWith('xx') ? Number(digits[0]) : Number(digits);
}
