/** The calls of commands about events and webhooks. */

import { required } from '../../client/required.js';
import type { Event } from '../../proto/gen/userstore/v1/event.js';
import {
  type UpdateWebhookRequest,
  Webhook,
  type WebhookAttempt,
} from '../../proto/gen/userstore/v1/webhook_service.js';
import { type AdminClient, actor } from './client.js';
import { pages } from './pages.js';

const EVENTS_PER_PAGE = 1000;

/** The events to list. */
export interface EventSearch {
  /** Absent: of all organizations, and of what is for all of them. */
  organizationId: string | undefined;
  types: string[];
  /** Whether only events are listed whose actor names a person. */
  byPerson?: boolean;
  startTime: Date | undefined;
  resourceId?: string | undefined;
}

/** Creates the calls about events and webhooks over a client. */
export const eventCalls = (client: AdminClient) => ({
  /** Yields pages of events, oldest first, until there are no more. Returns the cursor after the last one. */
  async *eventPages(search: EventSearch, after?: string): AsyncGenerator<Event[], string> {
    let cursor = after;
    for (;;) {
      const from = cursor === undefined ? {} : { cursor, startTime: undefined };
      const page = await client.listEvents({ ...search, ...from, pageSize: EVENTS_PER_PAGE });
      if (page.events.length > 0) yield page.events;
      cursor = page.checkpoint;
      if (!page.hasMore) return cursor;
    }
  },
  /** Creates a webhook of an organization, of all if it is undefined. Only this call and a rotation return a secret. */
  async createWebhook(organizationId: string | undefined, url: string, types: string[]) {
    const webhook = Webhook.fromPartial({ organizationId, url, types });
    const created = await client.createWebhook({ actor: actor(), webhook });
    return { webhook: required(created.webhook), secret: created.secret };
  },
  /** Returns the webhooks of an organization, of all if it is undefined, oldest first. */
  async listWebhooks(organizationId: string | undefined): Promise<Webhook[]> {
    const { items } = await pages(
      (pageSize, pageToken) => client.listWebhooks({ organizationId, pageSize, pageToken }),
      ({ webhooks }) => webhooks,
    );
    return items;
  },
  /** Returns a webhook with its latest attempts, newest first. */
  async getWebhook(webhookId: string): Promise<{ webhook: Webhook; attempts: WebhookAttempt[] }> {
    const { webhook, attempts } = await client.getWebhook({ webhookId });
    return { webhook: required(webhook), attempts };
  },
  /** Replaces the secret; the old one also signs for `overlapSeconds`. */
  async rotateWebhookSecret(webhookId: string, overlapSeconds: number) {
    const { webhook, secret } = await client.rotateWebhookSecret({ actor: actor(), webhookId, overlapSeconds });
    return { webhook: required(webhook), secret };
  },
  /** Pauses, resumes, replays or tests a webhook. */
  async updateWebhook(webhookId: string, change: NonNullable<UpdateWebhookRequest['change']>): Promise<Webhook> {
    return required((await client.updateWebhook({ actor: actor(), webhookId, change })).webhook);
  },
  /** Deletes a webhook. */
  async deleteWebhook(webhookId: string): Promise<void> {
    await client.deleteWebhook({ actor: actor(), webhookId });
  },
});
