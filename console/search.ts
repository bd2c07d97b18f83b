/** Searches all organizations for what a person enters: a name, a domain, an e-mail address, an id, a reference. */
import type { Organization } from '../proto/gen/userstore/v1/organization_service.js';
import type { UserSearchResult } from '../proto/gen/userstore/v1/search_service.js';
import { namesOf } from './names.js';
import type { Userstore } from './userstore.js';

/** A user, a request or a token that was found. */
export interface Found {
  href: string;
  text: string;
  /** More of it, less important. */
  note: string;
  organization: { id: string; displayName: string };
}

/** The results of a search. */
export interface Results {
  organizations: Organization[];
  found: Found[];
  /** Whether these are all results. */
  isComplete: boolean;
}

/** Searches for `text`: at most 256 characters; in one organization, if it is named. */
export async function search(userstore: Userstore, text: string, organizationId?: string): Promise<Results> {
  if (text === '') return { organizations: [], found: [], isComplete: true };
  const request = { text, ...(organizationId === undefined ? {} : { organizationId }) };
  const { organizations, users, activities, apiTokens, complete } = await userstore.search(request);
  const names = await namesOf(
    userstore,
    activities.map((activity) => activity.organizationId),
  );
  const requestHits = activities.map(({ organizationId: id, id: requestId, method, path, status }) => ({
    href: `/organizations/${id}/requests/${requestId}`,
    text: `${method} ${path}`,
    note: `status ${status}`,
    organization: { id, displayName: names.get(id)?.name ?? id },
  }));
  const tokenHits = apiTokens.flatMap(({ apiToken, organizationDisplayName: displayName }) =>
    apiToken
      ? {
          href: `/organizations/${apiToken.organizationId}#tokens`,
          text: `API token ${apiToken.label}`,
          note: `ends in ${apiToken.secretSuffix}${apiToken.revokeTime ? ', revoked' : ''}`,
          organization: { id: apiToken.organizationId, displayName },
        }
      : [],
  );
  return { organizations, found: [...users.map(userHit), ...requestHits, ...tokenHits], isComplete: complete };
}

const userHit = (user: UserSearchResult): Found => ({
  href: `/organizations/${user.organizationId}/users/${user.userId}`,
  text: user.displayName || user.userName,
  note: [user.displayName && user.userName, user.active ? '' : 'disabled'].filter(Boolean).join(', '),
  organization: { id: user.organizationId, displayName: user.organizationDisplayName },
});
