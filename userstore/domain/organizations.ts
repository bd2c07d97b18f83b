/** The rules of organizations. */
import { randomInt } from 'node:crypto';
import type { Actor } from '../../proto/gen/userstore/v1/actor.js';
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import {
  KeptBodies,
  type ListOrganizationsRequest,
  type ListOrganizationsResponse,
  type Organization,
  type RateLimit,
} from '../../proto/gen/userstore/v1/organization_service.js';
import { DomainError, invalidField } from '../model/domain-error.js';
import { etagOf, versionOf } from '../model/etag.js';
import { EVENT_TYPES } from '../model/event-types.js';
import { checkExtensionSchemas } from '../model/extension-schemas.js';
import { isLongerThan } from '../model/fields.js';
import { pageSizeOf, RECORD_PAGES, recordPosition, recordToken } from '../model/paging.js';
import { organizationEvent, typeOfSettings } from '../model/record-events.js';
import type { OrganizationStorage, Settings } from '../storage/organizations.js';
import { retryUntil } from './retry.js';

/** 12 characters of these have 59 random bits. Characters that are easily misread (0 and o, 1 and l) are left out. */
const ID_ALPHABET = '23456789abcdefghijkmnpqrstuvwxyz';
const ID_LENGTH = 12;
/** Longest name that a person gives, in characters. */
const MAX_LABEL = 200;
/** Longest time for which all bodies are kept. */
const MAX_ALL_BODIES_SECONDS = 3600;

/** The rules of organizations. */
export type OrganizationRules = ReturnType<typeof createOrganizationRules>;

/** Binds the rules to a storage. Calls `deleted` after a deletion. `deadline` is in epoch milliseconds. */
export function createOrganizationRules(
  storage: OrganizationStorage,
  deleted: (organizationId: string) => void = () => undefined,
) {
  return {
    /** Creates an organization. Throws FIELD_INVALID. */
    async create(displayName: string, actor: Actor | undefined, deadline: number): Promise<Organization> {
      checkLabel('display_name', displayName);
      const id = Array.from({ length: ID_LENGTH }, () => ID_ALPHABET[randomInt(ID_ALPHABET.length)]).join('');
      const settings = { displayName, strictSchemas: false, extensionSchemas: [], suspended: false };
      const bodies = { keptBodies: KeptBodies.KEPT_BODIES_FAILURES, allBodiesUntil: undefined };
      const unset = { policy: undefined, rateLimit: undefined, ...bodies, heldAttributes: [] };
      const time = new Date();
      const organization = { id, etag: etagOf(1), createTime: time, ...settings, ...unset };
      const type = EVENT_TYPES.organizationCreated;
      const event = organizationEvent({ type, after: organization, version: 1, time, actor });
      return await storage.insert(organization, event, deadline);
    },

    /** Returns the organization; undefined if it does not exist. */
    find: (id: string, deadline: number): Promise<Organization | undefined> => storage.get(id, deadline),

    /** Deletes an organization; a background job purges its data. Throws ORGANIZATION_NOT_FOUND. */
    async delete(id: string, actor: Actor | undefined, deadline: number): Promise<void> {
      await changeOrganization(storage, id, deadline, async (before, version) => {
        const type = EVENT_TYPES.organizationDeleted;
        const event = organizationEvent({ type, before, version, time: new Date(), actor });
        return (await storage.delete(id, event, deadline)) || undefined;
      });
      deleted(id);
    },

    /** Ends all sessions of an organization. Throws ORGANIZATION_NOT_FOUND. */
    async endSessions(id: string, actor: Actor | undefined, deadline: number): Promise<void> {
      await changeOrganization(storage, id, deadline, async (before, version) => {
        const type = EVENT_TYPES.sessionsEnded;
        const others = [{ name: 'sessions', before: undefined, after: JSON.stringify('ended') }];
        const after = { ...before, etag: etagOf(version) };
        const event = organizationEvent({ type, before, after, version, time: new Date(), actor, others });
        return (await storage.endSessions(id, event, deadline)) || undefined;
      });
    },

    /** Returns an organization. Throws ORGANIZATION_NOT_FOUND. */
    get: (id: string, deadline: number): Promise<Organization> => getOrganization(storage, id, deadline),

    /**
     * Sets the settings that `mask` names to their values in `given`. Throws ORGANIZATION_NOT_FOUND, FIELD_INVALID,
     * ETAG_MISMATCH.
     */
    async update(
      id: string,
      given: Organization,
      mask: readonly string[],
      etag: string | undefined,
      actor: Actor | undefined,
      deadline: number,
    ): Promise<Organization> {
      const settings = settingsIn(given, mask);
      return await changeOrganization(storage, id, deadline, async (before, version) => {
        if (etag !== undefined && etag !== before.etag) throw stale();
        const after = { ...before, ...settings, etag: etagOf(version) };
        const type = typeOfSettings(before, after);
        const event = organizationEvent({ type, before, after, version, time: new Date(), actor });
        return event.changes.length === 0 ? before : await storage.update(id, settings, event, deadline);
      });
    },

    /** Keeps all bodies for `seconds` from now; 0 ends it. Throws ORGANIZATION_NOT_FOUND, FIELD_INVALID. */
    async keepAllBodies(
      id: string,
      seconds: number,
      actor: Actor | undefined,
      deadline: number,
    ): Promise<Organization> {
      if (seconds < 0 || seconds > MAX_ALL_BODIES_SECONDS) {
        throw invalidField('seconds', `All bodies are kept for at most ${MAX_ALL_BODIES_SECONDS} seconds.`);
      }
      const time = new Date();
      const allBodiesUntil = seconds === 0 ? undefined : new Date(time.getTime() + seconds * 1000);
      return await changeOrganization(storage, id, deadline, async (before, version) => {
        if (allBodiesUntil && before.keptBodies === KeptBodies.KEPT_BODIES_NONE) {
          throw invalidField('seconds', 'The organization keeps no bodies; an administrator decides that.');
        }
        const after = { ...before, allBodiesUntil, etag: etagOf(version) };
        const type = EVENT_TYPES.organizationChanged;
        const event = organizationEvent({ type, before, after, version, time, actor });
        return event.changes.length === 0 ? before : await storage.update(id, { allBodiesUntil }, event, deadline);
      });
    },

    /** Lists organizations, of `ids` if given, oldest first. Throws PAGE_TOKEN_INVALID. */
    list: (
      request: ListOrganizationsRequest,
      deadline: number,
      ids?: readonly string[],
    ): Promise<ListOrganizationsResponse> => listOrganizations(storage, request, ids, deadline),
  };
}

/**
 * Calls `change` with the organization and the version that the change makes, until no concurrent write wins. Throws
 * ORGANIZATION_NOT_FOUND, WRITE_CONTENTION.
 */
function changeOrganization<T>(
  storage: OrganizationStorage,
  id: string,
  deadline: number,
  change: (before: Organization, version: number) => Promise<T | undefined>,
): Promise<T> {
  const attempt = async () => {
    const before = await storage.find(id, deadline);
    if (before === null) throw organizationNotFound();
    return before && (await change(before, (versionOf(before.etag) ?? 0) + 1));
  };
  return retryUntil(attempt, deadline);
}

async function getOrganization(storage: OrganizationStorage, id: string, deadline: number): Promise<Organization> {
  const organization = await storage.get(id, deadline);
  if (organization) return organization;
  throw organizationNotFound();
}

async function listOrganizations(
  storage: OrganizationStorage,
  { pageSize, pageToken, name }: ListOrganizationsRequest,
  ids: readonly string[] | undefined,
  deadline: number,
): Promise<ListOrganizationsResponse> {
  const limit = pageSizeOf(pageSize, RECORD_PAGES);
  const [createTime, id] = recordPosition('organizations', pageToken) ?? [];
  const after = createTime && id !== undefined ? { createTime, id } : undefined;
  const { items, hasMore } = await storage.list(after, limit, deadline, { name: name?.slice(0, MAX_LABEL), ids });
  const last = hasMore ? items.at(-1) : undefined;
  const nextPageToken = recordToken('organizations', last && [last.createTime as Date, last.id]);
  return { organizations: items, nextPageToken };
}

/** Returns the settings that an update mask names. Throws FIELD_INVALID. */
function settingsIn(given: Organization, mask: readonly string[]): Partial<Settings> {
  if (mask.length === 0) throw invalidField('update_mask', 'The update mask names no field.');
  const settings: Partial<Settings> = {};
  for (const name of mask) {
    switch (name) {
      case 'display_name':
        checkLabel(name, given.displayName);
        settings.displayName = given.displayName;
        break;
      case 'strict_schemas':
        settings.strictSchemas = given.strictSchemas;
        break;
      case 'extension_schemas':
        checkExtensionSchemas(given.extensionSchemas);
        settings.extensionSchemas = given.extensionSchemas;
        break;
      case 'suspended':
        settings.suspended = given.suspended;
        break;
      case 'policy':
        settings.policy = given.policy;
        break;
      case 'rate_limit':
        if (given.rateLimit) checkRateLimit(given.rateLimit);
        settings.rateLimit = given.rateLimit;
        break;
      case 'kept_bodies':
        Object.assign(settings, keptBodiesIn(given));
        break;
      default:
        throw invalidField('update_mask', `An organization has no setting ${name}.`);
    }
  }
  return settings;
}

/** Returns the kept bodies that an update sets. None ends the time for which all are kept. */
function keptBodiesIn({ keptBodies }: Organization): Partial<Settings> {
  switch (keptBodies) {
    case undefined:
    case KeptBodies.KEPT_BODIES_UNSPECIFIED:
      return { keptBodies: KeptBodies.KEPT_BODIES_FAILURES };
    case KeptBodies.KEPT_BODIES_FAILURES:
      return { keptBodies };
    case KeptBodies.KEPT_BODIES_NONE:
      return { keptBodies, allBodiesUntil: undefined };
    default:
      throw invalidField('kept_bodies', 'Bodies are kept of failures, or of no request.');
  }
}

function checkRateLimit({ perSecond, burst }: RateLimit): void {
  if (perSecond >= 1 && perSecond <= 10_000 && burst >= perSecond && burst <= 100_000) return;
  const message =
    'A rate limit is 1 to 10,000 requests a second, with a burst of at least as many and at most 100,000.';
  throw invalidField('rate_limit', message);
}

const stale = () =>
  new DomainError(
    ErrorReason.ERROR_REASON_ETAG_MISMATCH,
    'The organization has changed since the version that was named.',
  );

/** There is no such organization. */
export const organizationNotFound = () =>
  new DomainError(ErrorReason.ERROR_REASON_ORGANIZATION_NOT_FOUND, 'There is no such organization.');

/** Characters that add lines to a text, reverse parts of it, or are executed by a terminal. */
const NOT_IN_LABELS = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

/** Checks a name that a person gives: one line of 1 to 200 characters. Throws FIELD_INVALID. */
export function checkLabel(field: string, label: string): void {
  if (label.trim() === '' || isLongerThan(label, MAX_LABEL)) {
    throw invalidField(field, `The name must have 1 to ${MAX_LABEL} characters.`);
  }
  if (NOT_IN_LABELS.test(label)) {
    const message = 'The name must be one line, without control characters and marks of text direction.';
    throw invalidField(field, message);
  }
}
