/** The pages of webhooks. */
import { type RequestHandler, type Response, Router } from 'express';
import { required } from '../../client/required.js';
import { sendPage, sessionOf } from '../answer.js';
import { WebhookPage, WebhooksPage } from '../pages/webhooks.js';
import type { Userstore } from '../userstore.js';
import { optionalIn } from './query.js';

const PAGE_SIZE = 100;

/** Creates the routes. */
export function webhookRoutes(userstoreOf: (response: Response) => Userstore): Router {
  const list: RequestHandler = async (request, response) => {
    const pageToken = optionalIn(request, 'page');
    const { webhooks, nextPageToken: next } = await userstoreOf(response).listWebhooks({
      pageSize: PAGE_SIZE,
      pageToken,
    });
    const page = { session: sessionOf(response), webhooks, address: request.originalUrl, next };
    sendPage(response, <WebhooksPage {...page} />);
  };
  const show: RequestHandler = async (request, response) => {
    const { webhook, attempts } = await userstoreOf(response).getWebhook({
      webhookId: String(request.params.webhookId),
    });
    sendPage(response, <WebhookPage session={sessionOf(response)} webhook={required(webhook)} attempts={attempts} />);
  };
  const routes = Router({ caseSensitive: true });
  routes.get('/webhooks', list);
  routes.get('/webhooks/:webhookId', show);
  return routes;
}
