/** The parsed body of a request. */
import type { Request, Response } from 'express';
import { localsOf } from '../request-context.js';
import { bodySteps, type JsonObject } from '../scim/json.js';
import { inTurns } from '../turn.js';

/** Parses the body of a request, and leaves it for the bodies that are kept for support. Throws invalidSyntax. */
export async function readJson({ body }: Pick<Request, 'body'>, response: Response): Promise<JsonObject> {
  const sent = await inTurns(bodySteps(body));
  localsOf(response).sent = sent;
  return sent;
}
