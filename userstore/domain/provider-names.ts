/** Whom an organization's provider means by the names that it has for people. */
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import type { RevokeUserSessionsRequest } from '../../proto/gen/userstore/v1/session_service.js';
import type { Found, UserStorage } from '../storage/users.js';
import { DomainError, invalidField } from './errors.js';

/** In characters. */
const MAX_NAME = 2048;

/** The id of the one user who is named so. Throws USER_NOT_FOUND, FIELD_INVALID. */
export async function namedUser(
  storage: UserStorage,
  organizationId: string,
  user: RevokeUserSessionsRequest['user'],
  deadline: number,
): Promise<string> {
  const name = user?.$case === 'subject' ? user.value.subject : user?.value;
  if (!user || !name || name.length > MAX_NAME) throw invalidField('user', 'The request does not say which user.');
  const find = async (): Promise<Found | undefined> => {
    switch (user.$case) {
      case 'userId':
        return await storage.find(organizationId, name, deadline);
      case 'externalId':
        return await storage.findByExternalId(organizationId, name, deadline);
      case 'email':
        return (
          (await storage.findByName(organizationId, name, deadline)) ??
          (await storage.findByEmail(organizationId, name, deadline))
        );
      case 'subject':
        return (
          (await storage.findLinked(organizationId, user.value, deadline)) ??
          (await storage.find(organizationId, name, deadline)) ??
          (await storage.findByExternalId(organizationId, name, deadline))
        );
    }
  };
  const found = await find();
  if (found) return found.user.id;
  throw new DomainError(ErrorReason.ERROR_REASON_USER_NOT_FOUND, 'No user, or more than one, is named so.');
}
