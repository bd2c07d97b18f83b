/** The names of the user, the organization or the webhook that an act is about, for its page. */
import { required } from '../../client/required.js';
import { organizationAt, unless } from '../userstore.js';
import type { Subject } from './act.js';

/** Returns the user, the organization or the webhook of an act, the smaller thing first; none for an act that creates. */
export async function subjectNames({ userstore, organizationId, userId, webhookId }: Subject): Promise<string[]> {
  if (webhookId !== '') {
    const found = await unless('WEBHOOK_NOT_FOUND', userstore.getWebhook({ webhookId }));
    return found?.webhook ? [found.webhook.url] : [];
  }
  if (organizationId === '') return [];
  const { displayName } = await organizationAt(userstore, organizationId);
  if (userId === '') return [displayName];
  const user = required((await userstore.getUser({ organizationId, userId })).user);
  return [user.userName ?? user.id, displayName];
}
