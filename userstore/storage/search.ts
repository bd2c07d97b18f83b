/**
 * The search of all organizations. Every query names the organizations that it may read; `deadline` (epoch milliseconds)
 * bounds every call.
 */
import type { ApiToken } from '../../proto/gen/userstore/v1/api_token_service.js';
import type { UserSearchResult } from '../../proto/gen/userstore/v1/search_service.js';
import { fold } from '../model/fields.js';
import { spokenName } from '../model/spoken-names.js';
import { toApiToken } from './api-tokens.js';
import type { Collections } from './collections.js';
import { within } from './connect.js';
import { leanWithin } from './model-calls.js';
import { personName } from './names.js';
import { ABSENT } from './schema.js';

/** The id and the name of an organization. */
export interface NamedOrganization {
  id: string;
  displayName: string;
}

/** A user without the name of their organization. */
export type UserHit = Omit<UserSearchResult, 'organizationDisplayName'>;

/** The storage of searches. */
export type SearchStorage = ReturnType<typeof createSearchStorage>;

/** Returns the condition on a text that begins with another, as one range of an index. */
const beginningWith = (text: string) => ({ $gte: text, $lt: `${text}\u{10ffff}` });

/** Creates the storage of searches. */
export function createSearchStorage({
  organizations,
  users,
  activities,
  ssoConnections,
  apiTokens,
}: Pick<Collections, 'organizations' | 'users' | 'activities' | 'ssoConnections' | 'apiTokens'>) {
  return {
    /** Returns at most `limit` organizations, of `held` if given, oldest first. */
    async organizations(limit: number, deadline: number, held?: readonly string[]): Promise<NamedOrganization[]> {
      const options = { sort: { createTime: 1, _id: 1 }, limit, ...leanWithin(deadline) } as const;
      const chosen = held === undefined ? {} : { _id: { $in: [...held] } };
      const found = await organizations.find({ deleteTime: ABSENT, ...chosen }, { displayName: 1 }, options);
      return found.map(({ _id: id, displayName }) => ({ id, displayName }));
    },

    /** Returns the id of the organization with this e-mail domain. */
    async organizationOfDomain(domain: string, deadline: number): Promise<string | undefined> {
      const found = await ssoConnections.findOne({ domains: { $eq: domain } }, { _id: 1 }, leanWithin(deadline));
      return found?._id;
    },

    /**
     * Returns at most `limit` users of these organizations: first those with this user name, e-mail address, external id or
     * id, then those whose name has words that begin so.
     */
    async users(ids: readonly string[], text: string, limit: number, deadline: number): Promise<UserHit[]> {
      const key = { $eq: fold(text) };
      const spoken = text.includes('@') ? '' : spokenName(text);
      const names = {
        userName: { userNameKey: key },
        emailOfType: { 'emails.valueKey': key },
        externalId: { externalId: { $eq: text } },
        order: { _id: { $eq: text.toLowerCase() } },
        ...(spoken === '' ? {} : { spokenName: { spokenNames: { $elemMatch: beginningWith(spoken) } } }),
      };
      const projection = { organizationId: 1, userName: 1, active: 1, displayName: 1, name: 1 };
      // The planner would choose one index for all kinds, and read the users of all organizations.
      const found = await Promise.all(
        Object.entries(names).map(([hint, name]) =>
          users
            .find({ organizationId: { $in: [...ids] }, ...name }, { projection, hint, limit, ...within(deadline) })
            .toArray(),
        ),
      );
      const hits = new Map(found.flat().map((user) => [user._id, user]));
      return [...hits.values()].slice(0, limit).map(({ _id: userId, organizationId, userName, active, ...user }) => ({
        organizationId,
        userId,
        userName: userName ?? '',
        active: active ?? false,
        displayName: personName(user),
      }));
    },

    /** Returns at most `limit` tokens of these organizations that end with these characters, live or not. */
    async tokens(ids: readonly string[], secretSuffix: string, limit: number, deadline: number): Promise<ApiToken[]> {
      const query = { secretSuffix: { $eq: secretSuffix }, organizationId: { $in: [...ids] } };
      return (await apiTokens.find(query, null, { limit, ...leanWithin(deadline) })).map(toApiToken);
    },

    /** Returns the organization of the activity with this id, if it is one of these. */
    async organizationOfActivity(ids: readonly string[], id: string, deadline: number): Promise<string | undefined> {
      const query = { _id: { $eq: id }, organizationId: { $in: [...ids] } };
      return (await activities.findOne(query, { organizationId: 1 }, leanWithin(deadline)))?.organizationId;
    },
  };
}
