/** The bodies of a request and of its answer as text for people. */
import type { GetActivityBodyResponse, KeptBody } from '../../proto/gen/userstore/v1/activity_service.js';
import { joinedLines, type Printable, printable } from './printer.js';

const NONE =
  'No bodies are kept of this request. They are kept for 7 days, of failures that brought a body: see org set --bodies.';

/** Returns the bodies; a sentence if none are kept. */
export function bodyText({ body, masked }: GetActivityBodyResponse): Printable {
  if (!body) return printable`${NONE}`;
  const note = masked ? [printable`Personal values are masked: your role may not see them.`] : [];
  return joinedLines([
    ...note,
    printable`Sent:`,
    ...linesOf(body.request),
    printable`Answered:`,
    ...linesOf(body.response),
  ]);
}

/** Each line is escaped by itself, so that the text keeps its lines. */
function linesOf(body: KeptBody | undefined): Printable[] {
  if (!body) return [printable`    nothing`];
  if (body.omitted !== undefined) return [printable`    not kept: ${body.omitted}`];
  return JSON.stringify(JSON.parse(body.text), null, 2)
    .split('\n')
    .map((line) => printable`    ${line}`);
}
