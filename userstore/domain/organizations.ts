/** The rules of organizations. */
import { randomInt } from 'node:crypto';
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import type {
  ListOrganizationsRequest,
  ListOrganizationsResponse,
  Organization,
  RateLimit,
} from '../../proto/gen/userstore/v1/organization_service.js';
import { DomainError, invalidField } from '../model/domain-error.js';
import { checkExtensionSchemas } from '../model/extension-schemas.js';
import { isLongerThan } from '../model/fields.js';
import { pageSizeOf, RECORD_PAGES, recordPosition, recordToken } from '../model/paging.js';
import type { OrganizationStorage, Settings } from '../storage/organizations.js';

/** 12 characters of these have 59 random bits. Characters that are easily misread (0 and o, 1 and l) are left out. */
const ID_ALPHABET = '23456789abcdefghijkmnpqrstuvwxyz';
const ID_LENGTH = 12;
/** Longest name that a person gives, in characters. */
const MAX_LABEL = 200;

/** The rules of organizations. */
export type OrganizationRules = ReturnType<typeof createOrganizationRules>;

/** Binds the rules to a storage. Calls `deleted` after a deletion. `deadline` is in epoch milliseconds. */
export function createOrganizationRules(
  storage: OrganizationStorage,
  deleted: (organizationId: string) => void = () => undefined,
) {
  return {
    /** Creates an organization. Throws FIELD_INVALID. */
    async create(displayName: string, deadline: number): Promise<Organization> {
      checkLabel('display_name', displayName);
      const id = Array.from({ length: ID_LENGTH }, () => ID_ALPHABET[randomInt(ID_ALPHABET.length)]).join('');
      const settings = { displayName, strictSchemas: false, extensionSchemas: [], suspended: false };
      const unset = { policy: undefined, rateLimit: undefined, heldAttributes: [] };
      return await storage.insert({ id, etag: '', createTime: new Date(), ...settings, ...unset }, deadline);
    },

    /** Returns the organization; undefined if it does not exist. */
    find: (id: string, deadline: number): Promise<Organization | undefined> => storage.get(id, deadline),

    /** Deletes an organization; a background job purges its data. Throws ORGANIZATION_NOT_FOUND. */
    async delete(id: string, deadline: number): Promise<void> {
      if (!(await storage.delete(id, new Date(), deadline))) throw organizationNotFound();
      deleted(id);
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
      deadline: number,
    ): Promise<Organization> {
      const organization = await storage.update(id, settingsIn(given, mask), etag, deadline);
      if (organization) return organization;
      await getOrganization(storage, id, deadline);
      const message = 'The organization has changed since the version that was named.';
      throw new DomainError(ErrorReason.ERROR_REASON_ETAG_MISMATCH, message);
    },

    /** Lists organizations, of `ids` if given, oldest first. Throws PAGE_TOKEN_INVALID. */
    list: (
      request: ListOrganizationsRequest,
      deadline: number,
      ids?: readonly string[],
    ): Promise<ListOrganizationsResponse> => listOrganizations(storage, request, ids, deadline),
  };
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
      default:
        throw invalidField('update_mask', `An organization has no setting ${name}.`);
    }
  }
  return settings;
}

function checkRateLimit({ perSecond, burst }: RateLimit): void {
  if (perSecond >= 1 && perSecond <= 10_000 && burst >= perSecond && burst <= 100_000) return;
  const message =
    'A rate limit is 1 to 10,000 requests a second, with a burst of at least as many and at most 100,000.';
  throw invalidField('rate_limit', message);
}

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
