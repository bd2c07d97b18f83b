/** The schema of a variable with a secret text. gRPC and HTTP refuse other characters in headers. */
import { z } from 'zod';

/** A text of at least `min` printable ASCII characters. */
export const asciiSecret = (min: number) =>
  z
    .string()
    .regex(new RegExp(`^[\\x21-\\x7e]{${min},}$`), `must be ${min} or more printable ASCII characters without blanks`)
    .optional();
