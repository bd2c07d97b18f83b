/** Whom an organization's provider means by the names that it has for people. */
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import type { RevokeUserSessionsRequest } from '../../proto/gen/userstore/v1/session_service.js';
import { DomainError, invalidField } from '../model/domain-error.js';
import type { FoundUser, UserStorage } from '../storage/users.js';

/** In characters. */
const MAX_NAME = 2048;

/**
 * The ids of the users who are named so. An address may be several people's: to end a session too many is the safe
 * side. Throws USER_NOT_FOUND, FIELD_INVALID.
 */
export async function namedUsers(
  storage: UserStorage,
  organizationId: string,
  user: RevokeUserSessionsRequest['user'],
  deadline: number,
): Promise<[string, ...string[]]> {
  const name = user?.$case === 'subject' ? user.value.subject : user?.value;
  if (!user || !name || name.length > MAX_NAME) throw invalidField('user', 'The request does not say which user.');
  const byId = async () => [await storage.find(organizationId, name, deadline)].filter((found) => found !== undefined);
  const byExternalId = () => storage.findByExternalId(organizationId, name, deadline);
  const find = async (): Promise<FoundUser[]> => {
    switch (user.$case) {
      case 'userId':
        return await byId();
      case 'externalId':
        return await byExternalId();
      case 'email':
        return await storage.findByAddress(organizationId, name, deadline);
      case 'subject': {
        const linked = await storage.findLinked(organizationId, user.value, deadline);
        if (linked) return [linked];
        const found = await byId();
        return found.length > 0 ? found : await byExternalId();
      }
    }
  };
  const [first, ...more] = (await find()).map(({ user }) => user.id);
  if (first !== undefined) return [first, ...more];
  throw new DomainError(ErrorReason.ERROR_REASON_USER_NOT_FOUND, 'No user is named so.');
}
