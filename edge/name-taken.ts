/** The detail of a 409: who has the name already. The Okta admin decides by it what to do. Pure. */

import type { RpcFailure } from '../client/errors.js';
import { ErrorReason } from '../proto/gen/userstore/v1/error_reason.js';

/** Returns the detail; undefined if the failure is another one, or does not say who has the name. */
export function nameTakenDetail({ reason, details = {} }: RpcFailure): string | undefined {
  if (details.holder_id === undefined) return undefined;
  if (reason === ErrorReason.ERROR_REASON_USER_NAME_TAKEN) {
    return `The userName is already used by another user of this organization. That user ${stateIn(details)}, with ${idsIn(details)}.`;
  }
  if (reason === ErrorReason.ERROR_REASON_GROUP_NAME_TAKEN) {
    return `The displayName is already used by another group of this organization. That group has ${idsIn(details)}.`;
  }
  return undefined;
}

type Details = Readonly<Record<string, string>>;

function stateIn({ holder_active: active, holder_disable_time: time }: Details): string {
  if (active === 'true') return 'is active';
  return time === undefined ? 'is disabled' : `has been disabled since ${time.slice(0, 10)}`;
}

const idsIn = ({ holder_id: id, holder_external_id: externalId }: Details): string =>
  `the id ${id} and ${externalId === undefined ? 'no externalId' : `the externalId "${externalId}"`}`;
