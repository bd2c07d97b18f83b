/** Reads the query of an address: text of bounded length, times in UTC, page tokens. Pure. */
import type { Request } from 'express';

const MAX_LENGTH = 2000;

/** Returns a parameter as trimmed text; "" if it is absent or given several times. */
export function textIn({ query }: Request, name: string): string {
  const value = query[name];
  return typeof value === 'string' ? value.trim().slice(0, MAX_LENGTH) : '';
}

/** Returns a parameter; undefined if it is empty. */
export const optionalIn = (request: Request, name: string): string | undefined => textIn(request, name) || undefined;

/** Returns the time in the value of a field "datetime-local", taken as UTC; undefined if it is none. */
export function timeIn(request: Request, name: string): Date | undefined {
  const text = textIn(request, name);
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?$/.test(text)) return undefined;
  const time = new Date(`${text}Z`);
  return Number.isNaN(time.getTime()) ? undefined : time;
}
