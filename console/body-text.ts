/** Bodies of requests as text for people. Pure. */
import type { Organization } from '../proto/gen/userstore/v1/organization_service.js';
import { KeptBodies } from '../proto/gen/userstore/v1/organization_service.js';

/** Marks that reverse parts of a text: JSON's escapes show them. */
const DIRECTION = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

const escaped = (text: string): string =>
  text.replace(DIRECTION, (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** Returns JSON text with a line for each value; the text itself if it is no JSON. */
export function laidOut(text: string): string {
  try {
    return escaped(JSON.stringify(JSON.parse(text), null, 2));
  } catch {
    return escaped(text);
  }
}

/** Returns what is stored of a user or group as JSON text, without what has no value. */
export function storedText({ organizationId: _, ...stored }: { organizationId?: string }): string {
  const isEmpty = (value: unknown) =>
    value === undefined || value === '' || value === null || (Array.isArray(value) && value.length === 0);
  return escaped(JSON.stringify(stored, (_name, value) => (isEmpty(value) ? undefined : value), 2));
}

/** Returns the end of the time in which all bodies are kept; undefined if they are not. */
export const allBodiesUntil = ({ allBodiesUntil: end }: Organization, now: number): Date | undefined =>
  end && end.getTime() > now ? end : undefined;

/** Whether an organization keeps no bodies at all. */
export const keepsNone = ({ keptBodies }: Organization): boolean => keptBodies === KeptBodies.KEPT_BODIES_NONE;
