/** The rules of searches: what support has in hand, found in all organizations. */
import type { SearchResponse } from '../../proto/gen/userstore/v1/search_service.js';
import { invalidField } from '../model/domain-error.js';
import { fold } from '../model/fields.js';
import type { ActivityStorage } from '../storage/activities.js';
import type { OrganizationStorage } from '../storage/organizations.js';
import type { SearchStorage } from '../storage/search.js';

const MAX_TEXT = 256;
/** The most organizations whose names are read, and the most results of each kind. */
const MAX_ORGANIZATIONS = 10_000;
const MAX_NAMED = 20;
const MAX_USERS = 50;
const MAX_ACTIVITIES = 20;
const MAX_TOKENS = 20;
/** The last characters of a token, which is a UUID. */
const SUFFIX = /^[\da-f]{4}$/;
const UUID = /^[\da-f]{8}-[\da-f-]{27}$/;

/** The storages that searches need. */
export interface SearchContext {
  storage: SearchStorage;
  organizations: Pick<OrganizationStorage, 'get'>;
  activities: Pick<ActivityStorage, 'list'>;
}

/** The rules of searches. */
export type SearchRules = ReturnType<typeof createSearchRules>;

/** Binds the rules to a storage. `deadline` is in epoch milliseconds. */
export function createSearchRules({ storage, organizations, activities }: SearchContext) {
  /** Returns the request with this id, and its operations. */
  const activitiesOf = async (ids: readonly string[], id: string, deadline: number) => {
    if (!UUID.test(id)) return [];
    const organizationId = await storage.organizationOfActivity(ids, id, deadline);
    if (organizationId === undefined) return [];
    const request = { organizationId, requestId: id, since: undefined, until: undefined };
    return (await activities.list(request, '', MAX_ACTIVITIES + 1, deadline)).activities;
  };

  return {
    /** Searches all organizations, or those with these ids. Throws FIELD_INVALID. */
    async search(given: string, deadline: number, held?: readonly string[]): Promise<SearchResponse> {
      const text = given.trim();
      if (text === '' || text.length > MAX_TEXT) {
        throw invalidField('text', `It must have 1 to ${MAX_TEXT} characters.`);
      }
      const all = await storage.organizations(MAX_ORGANIZATIONS + 1, deadline, held);
      const ids = all.map(({ id }) => id);
      const key = fold(text);
      const [owner, users, found, tokens] = await Promise.all([
        storage.organizationOfDomain(key.replace(/^.*@/, ''), deadline),
        storage.users(ids, text, MAX_USERS + 1, deadline),
        activitiesOf(ids, key, deadline),
        SUFFIX.test(key) ? storage.tokens(ids, key, MAX_TOKENS + 1, deadline) : [],
      ]);
      const named = all.filter(({ id, displayName }) => id === key || id === owner || fold(displayName).includes(key));
      const shown = named.slice(0, MAX_NAMED).map(({ id }) => organizations.get(id, deadline));
      const nameOf = new Map(all.map(({ id, displayName }) => [id, displayName]));
      return {
        organizations: (await Promise.all(shown)).filter((organization) => organization !== undefined),
        users: users.slice(0, MAX_USERS).map((user) => ({
          ...user,
          organizationDisplayName: nameOf.get(user.organizationId) ?? '',
        })),
        activities: found.slice(0, MAX_ACTIVITIES),
        apiTokens: tokens.slice(0, MAX_TOKENS).map((apiToken) => ({
          apiToken,
          organizationDisplayName: nameOf.get(apiToken.organizationId) ?? '',
        })),
        complete:
          all.length <= MAX_ORGANIZATIONS &&
          named.length <= MAX_NAMED &&
          users.length <= MAX_USERS &&
          found.length <= MAX_ACTIVITIES &&
          tokens.length <= MAX_TOKENS,
      };
    },
  };
}
