/** The pages of webhooks. */
import { type RequestHandler, type Response, Router } from 'express';
import { required } from '../../client/required.js';
import { sendPage, sessionOf } from '../answer.js';
import { namesOf } from '../names.js';
import { subjectOf, WebhookPage, WebhooksPage } from '../pages/webhooks.js';
import type { Userstore } from '../userstore.js';
import { optionalIn } from './query.js';

const PAGE_SIZE = 100;

/** Creates the routes. */
export function webhookRoutes(userstoreOf: (response: Response) => Userstore): Router {
  const list: RequestHandler = async (request, response) => {
    const pageToken = optionalIn(request, 'page');
    const userstore = userstoreOf(response);
    const { webhooks, nextPageToken: next } = await userstore.listWebhooks({
      pageSize: PAGE_SIZE,
      pageToken,
    });
    const names = await namesOf(
      userstore,
      webhooks.map(({ organizationId }) => organizationId),
    );
    const page = { session: sessionOf(response), webhooks, names, address: request.originalUrl, next };
    sendPage(response, <WebhooksPage {...page} />);
  };
  const show: RequestHandler = async (request, response) => {
    const userstore = userstoreOf(response);
    const found = await userstore.getWebhook({ webhookId: String(request.params.webhookId) });
    const [webhook, { attempts }] = [required(found.webhook), found];
    const ids = [webhook.organizationId, ...attempts.map(subjectOf)];
    const names = await namesOf(userstore, ids, webhook.organizationId);
    const page = { session: sessionOf(response), webhook, attempts, names };
    sendPage(response, <WebhookPage {...page} />);
  };
  const routes = Router({ caseSensitive: true });
  routes.get('/webhooks', list);
  routes.get('/webhooks/:webhookId', show);
  return routes;
}
