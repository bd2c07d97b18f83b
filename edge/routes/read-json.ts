/** The parsed body of a request. */
import type { Request, Response } from 'express';
import { localsOf } from '../request-context.js';
import { bodySteps, type JsonObject } from '../scim/json.js';
import { inTurns, ownTurn } from '../turn.js';

/** A body of this size may take long: it waits for its turn, and so does what follows. Okta's are smaller. */
const LARGE_BYTES = 16 * 1024;

/** Parses the body of a request, and leaves it for the bodies that are kept for support. Throws invalidSyntax. */
export async function readJson({ body }: Pick<Request, 'body'>, response: Response): Promise<JsonObject> {
  const isLarge = body.length > LARGE_BYTES;
  if (isLarge) await ownTurn();
  const sent = await inTurns(bodySteps(body));
  if (isLarge) await ownTurn();
  localsOf(response).sent = sent;
  return sent;
}
