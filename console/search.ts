/** Searches all organizations for what a person enters: a name, a domain, an e-mail address, an id, a reference. */
import type { Organization } from '../proto/gen/userstore/v1/organization_service.js';
import type { Userstore } from './userstore.js';

/** A user, a request or a token that was found. */
export interface Found {
  href: string;
  text: string;
  organization: { id: string; displayName: string };
}

/** The results of a search. */
export interface Results {
  organizations: Organization[];
  found: Found[];
  /** Whether these are all results. */
  isComplete: boolean;
}

/** Searches for `text`: at most 256 characters. */
export async function search(userstore: Userstore, text: string): Promise<Results> {
  if (text === '') return { organizations: [], found: [], isComplete: true };
  const { organizations, users, activities, apiTokens, complete } = await userstore.search({ text });
  const userHits = users.map(({ organizationId, organizationDisplayName, userId, userName, active }) => ({
    href: `/organizations/${organizationId}/users/${userId}`,
    text: active ? userName : `${userName}, disabled`,
    organization: { id: organizationId, displayName: organizationDisplayName },
  }));
  const requestHits = activities.map(({ organizationId, id, method, path, status }) => ({
    href: `/organizations/${organizationId}/requests/${id}`,
    text: `${method} ${path}, status ${status}`,
    organization: { id: organizationId, displayName: organizationId },
  }));
  const tokenHits = apiTokens.flatMap(({ apiToken, organizationDisplayName: displayName }) =>
    apiToken
      ? {
          href: `/organizations/${apiToken.organizationId}#tokens`,
          text: `API token ${apiToken.label}, ends in ${apiToken.secretSuffix}${apiToken.revokeTime ? ', revoked' : ''}`,
          organization: { id: apiToken.organizationId, displayName },
        }
      : [],
  );
  return { organizations, found: [...userHits, ...requestHits, ...tokenHits], isComplete: complete };
}
