/** The schema of a variable with an origin. */
import { z } from 'zod';

/** An address without a path: http(s)://host[:port]. A slash at its end is left out. */
export const origin = () =>
  z
    .string()
    .refine(
      (url) => /^https?:\/\/[^/?#\s]+\/?$/.test(url) && URL.canParse(url),
      'must be http(s)://host[:port] and nothing else',
    )
    .transform((url) => url.replace(/\/$/, ''))
    .optional();
