/** The activity that tells an organization's support that userstore has paused a webhook. */
import { v7 as uuidv7 } from 'uuid';
import { Activity } from '../../proto/gen/userstore/v1/activity_service.js';
import type { Webhook } from '../../proto/gen/userstore/v1/webhook_service.js';
import type { Answer } from './post.js';

/** The status of an endpoint that does not answer. */
const NO_ANSWER = 504;

/** Returns the activity; undefined for a webhook of all organizations, which belongs to none. */
export function pauseActivity({ id, organizationId }: Webhook, answer: Answer): Activity | undefined {
  if (organizationId === undefined) return undefined;
  return Activity.fromPartial({
    id: uuidv7(),
    organizationId,
    time: new Date(),
    method: 'WEBHOOK',
    path: `/webhooks/${id}`,
    status: answer.status || NO_ANSWER,
    detail: `The webhook is paused. Its last attempt failed: ${answer.error}.`,
    durationMs: answer.durationMs,
  });
}
