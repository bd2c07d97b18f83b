/** The RPCs of WebhookService. */
import type { WebhookServiceService } from '../../proto/gen/userstore/v1/webhook_service.js';
import type { WebhookRules } from '../domain/webhooks.js';
import type { Handlers } from './unary.js';

/** Returns the handlers of WebhookService. */
export function webhookService(webhooks: WebhookRules): Handlers<WebhookServiceService> {
  return {
    createWebhook: (request, deadline) => webhooks.create(request, deadline),
    listWebhooks: (request, deadline, { organizationIds }) => webhooks.list(request, deadline, organizationIds),
    getWebhook: ({ webhookId }, deadline, { organizationIds }) => webhooks.get(webhookId, deadline, organizationIds),
    rotateWebhookSecret: (request, deadline) => webhooks.rotate(request, deadline),
    updateWebhook: async (request, deadline) => ({ webhook: await webhooks.update(request, deadline) }),
    async deleteWebhook(request, deadline) {
      await webhooks.delete(request, deadline);
      return {};
    },
    acquireWebhooks: async ({ holder }, deadline) => ({ leases: await webhooks.acquire(holder, deadline) }),
    reportDelivery: async (request, deadline) => ({ webhook: await webhooks.report(request, deadline) }),
  };
}
