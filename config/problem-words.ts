/** The project's words for problems that a schema finds in a variable, for schemas that have no words themselves. */
import type { z } from 'zod';

/** Returns the words for a problem, without the value, which can be a secret in the wrong variable. */
export const problemWords: z.core.$ZodErrorMap = (issue) => {
  switch (issue.code) {
    case 'invalid_value':
      return `must be ${alternatives(issue.values.map(String))}`;
    case 'invalid_type':
      return issue.input === undefined ? 'is required' : 'has another form than its description says';
    case 'too_small':
      return issue.origin === 'string'
        ? `must have ${issue.minimum} or more characters`
        : `must be ${issue.minimum} or more`;
    case 'too_big':
      return issue.origin === 'string'
        ? `must have at most ${issue.maximum} characters`
        : `must be at most ${issue.maximum}`;
    default:
      return 'has another form than its description says';
  }
};

/** Returns values as a list: "a", "a or b", "a, b or c". */
function alternatives(values: readonly string[]): string {
  const last = values.at(-1) ?? '';
  return values.length < 2 ? last : `${values.slice(0, -1).join(', ')} or ${last}`;
}
