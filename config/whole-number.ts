/** Schemas of variables that are whole numbers. */
import { z } from 'zod';

/** Returns the schema of a whole number from `min` to `max`, written as text. */
export function wholeNumber(min: number, max: number) {
  const error = `must be a whole number from ${min} to ${max}`;
  return z.coerce.number({ error }).int({ error }).min(min, { error }).max(max, { error });
}
