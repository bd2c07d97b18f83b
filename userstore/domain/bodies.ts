/** The rules of bodies of requests: how many are kept, and who sees personal values in them. */
import type {
  ActivityBody,
  GetActivityBodyRequest,
  GetActivityBodyResponse,
  KeptBody,
} from '../../proto/gen/userstore/v1/activity_service.js';
import { KeptBodies } from '../../proto/gen/userstore/v1/organization_service.js';
import { invalidField } from '../model/domain-error.js';
import { maskedRequest, maskedResponse } from '../model/masked-body.js';
import type { BodyStorage } from '../storage/bodies.js';
import type { OrganizationRules } from './organizations.js';

/** Bodies of one call. */
const MAX_BODIES = 100;
/** Bodies of an organization within an hour. Calls at the same time may each count before the other has stored. */
const MAX_BODIES_OF_HOUR = 1000;
const HOUR_MS = 3_600_000;
/** Longest text of a body, in bytes. */
const MAX_BODY_BYTES = 16 * 1024;
const ID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/;

/** The rules of bodies. */
export type BodyRules = ReturnType<typeof createBodyRules>;

/** Binds the rules to a storage. `deadline` is in epoch milliseconds. */
export function createBodyRules(storage: BodyStorage, organizations: OrganizationRules) {
  /** Returns those of an organization's bodies that are kept. */
  const kept = async (organizationId: string, given: readonly ActivityBody[], deadline: number) => {
    const organization = await organizations.find(organizationId, deadline);
    if (!organization || organization.keptBodies === KeptBodies.KEPT_BODIES_NONE) return [];
    const since = new Date(Date.now() - HOUR_MS);
    return given.slice(
      0,
      MAX_BODIES_OF_HOUR - (await storage.count(organizationId, since, MAX_BODIES_OF_HOUR, deadline)),
    );
  };
  return {
    /** Stores bodies, of each organization up to its limit. Throws FIELD_INVALID. */
    async record(given: readonly ActivityBody[], deadline: number): Promise<void> {
      if (given.length > MAX_BODIES) throw invalidField('bodies', `There are more than ${MAX_BODIES}.`);
      given.forEach(check);
      for (const organizationId of new Set(given.map((body) => body.organizationId))) {
        const ofOrganization = given.filter((body) => body.organizationId === organizationId);
        const stored = await kept(organizationId, ofOrganization, deadline);
        if (stored.length > 0) await storage.insert(stored, deadline);
      }
    },

    /** Returns the bodies of a request, with personal values masked unless the caller sees them. */
    async get(
      { organizationId, activityId }: GetActivityBodyRequest,
      seesPersonalValues: boolean,
      deadline: number,
    ): Promise<GetActivityBodyResponse> {
      await organizations.get(organizationId, deadline);
      const [requestId = ''] = activityId.split('.', 1);
      const body = await storage.get(organizationId, requestId, deadline);
      if (seesPersonalValues || !body) return { body, masked: !seesPersonalValues };
      const { request, response } = body;
      return { body: { ...body, request: maskedRequest(request), response: maskedResponse(response) }, masked: true };
    },

    /** Deletes all bodies of an organization. */
    removeAll: (organizationId: string, deadline: number): Promise<void> => storage.removeAll(organizationId, deadline),
  };
}

function check({ activityId, organizationId, time, request, response }: ActivityBody): void {
  if (!ID.test(activityId) || organizationId === '' || !time) {
    throw invalidField('bodies', 'A body has the id of an activity, an organization and a time.');
  }
  for (const text of [textOf(request), textOf(response)]) {
    if (Buffer.byteLength(text) > MAX_BODY_BYTES) {
      throw invalidField('bodies', `A body has at most ${MAX_BODY_BYTES} bytes.`);
    }
  }
}

const textOf = (body: KeptBody | undefined): string => (body ? body.text + (body.omitted ?? '') : '');
