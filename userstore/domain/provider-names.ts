/** Finds users by the names that an organization's identity provider has for them. */
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import type { RevokeUserSessionsRequest } from '../../proto/gen/userstore/v1/session_service.js';
import { DomainError, invalidField } from '../model/domain-error.js';
import { isLongerThan } from '../model/fields.js';
import type { FoundUser } from '../storage/user-reads.js';
import type { UserStorage } from '../storage/users.js';

/** In characters. */
const MAX_NAME = 2048;

type ProviderName = NonNullable<RevokeUserSessionsRequest['user']>;

/**
 * Returns the ids of the users with this name. An e-mail address may belong to several users, and ending one session
 * too many is the safe failure. Throws USER_NOT_FOUND, FIELD_INVALID.
 */
export async function namedUsers(
  storage: UserStorage,
  organizationId: string,
  name: ProviderName | undefined,
  deadline: number,
): Promise<[string, ...string[]]> {
  const text = name?.$case === 'subject' ? name.value.subject : name?.value;
  if (!name || !text || isLongerThan(text, MAX_NAME))
    throw invalidField('user', 'The request does not say which user.');
  const [first, ...more] = (await find(storage, organizationId, name, deadline)).map(({ user }) => user.id);
  if (first !== undefined) return [first, ...more];
  throw new DomainError(ErrorReason.ERROR_REASON_USER_NOT_FOUND, 'No user is named so.');
}

async function find(
  storage: UserStorage,
  organizationId: string,
  name: ProviderName,
  deadline: number,
): Promise<FoundUser[]> {
  const byId = async (id: string) =>
    [await storage.find(organizationId, id, deadline)].filter((found) => found !== undefined);
  switch (name.$case) {
    case 'userId':
      return await byId(name.value);
    case 'externalId':
      return await storage.findByExternalId(organizationId, name.value, deadline);
    case 'email':
      return await storage.findByAddress(organizationId, name.value, deadline);
    case 'subject': {
      const { subject } = name.value;
      const linked = await storage.findLinked(organizationId, name.value, deadline);
      if (linked) return [linked];
      const found = await byId(subject);
      return found.length > 0 ? found : await storage.findByExternalId(organizationId, subject, deadline);
    }
  }
}
