/**
 * The pages of long answers after the first: an organization reads one at a time at this edge, however many answers it
 * gets together. Each page takes milliseconds of every process, so several at a time would leave little for other
 * organizations.
 */
import { ScimError } from '../scim/scim-error.js';
import { createLines } from './lines.js';

const tooLate = () => new ScimError(503, undefined, 'A part of the answer took too long.');

/** Reads a page after the pages that the organization already waits for. Throws ScimError (503) after 10 s. */
export const readInLine = createLines(1, tooLate);
