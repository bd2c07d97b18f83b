/** The rules of organizations. */
import { randomInt } from 'node:crypto';
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import type { Organization, RateLimit } from '../../proto/gen/userstore/v1/organization_service.js';
import { DomainError, invalidField } from '../model/domain-error.js';
import { checkExtensionSchemas } from '../model/extension-schemas.js';
import type { OrganizationStorage, Settings } from '../storage/organizations.js';

const DEFAULT_PAGE_SIZE = 100;
const MAX_PAGE_SIZE = 1000;
/** Twelve of these are 59 random bits; what is easily misread (0 and o, 1 and l) is not among them. */
const ID_ALPHABET = '23456789abcdefghijkmnpqrstuvwxyz';
const ID_LENGTH = 12;

/** The rules over a storage. */
export type OrganizationRules = ReturnType<typeof createOrganizationRules>;

/** Binds the rules to where organizations are stored. `deadline` is in epoch milliseconds. */
export function createOrganizationRules(storage: OrganizationStorage) {
  return {
    /** Creates an organization. Throws FIELD_INVALID. */
    async create(displayName: string, deadline: number): Promise<Organization> {
      checkLabel('display_name', displayName);
      const id = Array.from({ length: ID_LENGTH }, () => ID_ALPHABET[randomInt(ID_ALPHABET.length)]).join('');
      const settings = { displayName, strictSchemas: false, extensionSchemas: [], suspended: false };
      const unset = { policy: undefined, rateLimit: undefined };
      return await storage.insert({ id, etag: '', createTime: new Date(), ...settings, ...unset }, deadline);
    },

    /** The organization, if there is one. */
    find: (id: string, deadline: number): Promise<Organization | undefined> => storage.get(id, deadline),

    /** Marks an organization as gone. Throws ORGANIZATION_NOT_FOUND. */
    async delete(id: string, deadline: number): Promise<void> {
      if (!(await storage.delete(id, new Date(), deadline))) throw organizationNotFound();
    },

    /** Reads an organization. Throws ORGANIZATION_NOT_FOUND. */
    async get(id: string, deadline: number): Promise<Organization> {
      const organization = await storage.get(id, deadline);
      if (organization) return organization;
      throw organizationNotFound();
    },

    /**
     * Sets the settings that `mask` names to what they are in `given`. Throws ORGANIZATION_NOT_FOUND, FIELD_INVALID,
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
      await this.get(id, deadline);
      const message = 'The organization has changed since the version that was named.';
      throw new DomainError(ErrorReason.ERROR_REASON_ETAG_MISMATCH, message);
    },

    /** A page of organizations, oldest first, and the token of the next page if there is one. Throws FIELD_INVALID. */
    async list(pageSize: number | undefined, pageToken: string | undefined, deadline: number) {
      const limit = pageSizeOf(pageSize);
      const found = await storage.list(pageToken ? positionOf(pageToken) : undefined, limit + 1, deadline);
      const page = found.slice(0, limit);
      const last = page.at(-1);
      return { organizations: page, nextPageToken: found.length > limit && last ? tokenAfter(last) : undefined };
    },
  };
}

/** The settings that an update mask names. Throws FIELD_INVALID. */
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

/** The page token is of another list, or of nobody. */
export const pageTokenInvalid = () =>
  new DomainError(ErrorReason.ERROR_REASON_PAGE_TOKEN_INVALID, 'The page token is not one of ours.');

/** How many a page holds at most: absent and 0 mean the default (AIP-158). */
export const pageSizeOf = (asked: number | undefined): number =>
  Math.min(Math.max(asked || DEFAULT_PAGE_SIZE, 1), MAX_PAGE_SIZE);

/** Checks a name that people give: 1 to 200 characters that can be seen. */
export function checkLabel(field: string, label: string): void {
  if (label.trim() === '' || label.length > 200) throw invalidField(field, 'The name must have 1 to 200 characters.');
  if (/\p{Cc}/u.test(label)) throw invalidField(field, 'The name must be one line, without control characters.');
}

const tokenAfter = ({ id, createTime }: Organization) =>
  Buffer.from(`${createTime?.getTime()}/${id}`).toString('base64url');

function positionOf(token: string): { createTime: Date; id: string } {
  const [, time, id] = /^(\d{1,15})\/([a-z\d]{1,32})$/.exec(Buffer.from(token, 'base64url').toString()) ?? [];
  if (time === undefined || id === undefined) throw invalidField('page_token', 'The page token is not one of ours.');
  return { createTime: new Date(Number(time)), id };
}
