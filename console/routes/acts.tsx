/** The pages of acts: a form that tells the consequences, and the act itself. */
import { randomUUID } from 'node:crypto';
import express, { type RequestHandler, type Response, Router } from 'express';
import type { Logger } from 'pino';
import type { ProviderHosts } from '../../config/provider-hosts.js';
import type { Act, Acts, Subject } from '../acts/act.js';
import { subjectNames } from '../acts/subject-names.js';
import { sendPage, sessionOf } from '../answer.js';
import { PageError } from '../page-error.js';
import { Message, Page, PostForm } from '../pages/frame.js';
import { shortened } from '../pages/text.js';
import { includes } from '../staff/role.js';
import { actorOf, type Userstore } from '../userstore.js';
import { createSentForms } from './sent-forms.js';

const MAX_FORM = '64kb';
/** Characters of the names of what an act is about. */
const MAX_NAMES = 200;

/** The needs of acts. */
export interface ActTools {
  userstoreOf: (response: Response) => Userstore;
  requireForm: RequestHandler;
  isFresh: (response: Response) => boolean;
  /** The edge's origin; undefined: unknown. */
  publicUrl: string | undefined;
  providerHosts: ProviderHosts;
  log: Logger;
}

/** Creates the routes of the acts in a table, below a path such as "/users/:userId/acts". */
export function actRoutes(
  path: string,
  acts: Acts,
  { userstoreOf, requireForm, isFresh, publicUrl, providerHosts, log }: ActTools,
): Router {
  const subjectOf = (parameters: Record<string, string>, response: Response): Subject => ({
    organizationId: '',
    userId: '',
    tokenId: '',
    schemaId: '',
    webhookId: '',
    setupLinkId: '',
    ...parameters,
    publicUrl,
    providerHosts,
    userstore: userstoreOf(response),
    actor: actorOf(sessionOf(response).staff),
  });
  const actOf = (name: unknown, response: Response): Act => {
    const act = typeof name === 'string' && Object.hasOwn(acts, name) ? acts[name] : undefined;
    if (!act) throw new PageError(404, 'Not found', 'There is no such act.');
    const { role } = sessionOf(response).staff;
    if (!includes(role, act.role)) {
      throw new PageError(403, 'Your role may not do this', `It takes the role "${act.role}"; you have "${role}".`);
    }
    return act;
  };

  const once = createSentForms();

  const show: RequestHandler = async (request, response) => {
    const act = actOf(request.params.act, response);
    const session = sessionOf(response);
    const subject = subjectOf(request.params as Record<string, string>, response);
    const [content, names] = await Promise.all([act.form(subject), subjectNames(subject)]);
    const needsProof = act.isPermanent && !isFresh(response);
    const again = `/sign-in/start?again=yes&to=${encodeURIComponent(request.originalUrl)}`;
    sendPage(
      response,
      <Page title={act.title} session={session}>
        <Message title={act.title}>
          {names.length > 0 && (
            <p class="quiet">
              <bdi>{shortened(names.join(', '), MAX_NAMES)}</bdi>
            </p>
          )}
          {needsProof ? (
            <p>
              It cannot be undone, so prove first who you are:{' '}
              <a class="button" href={again}>
                Sign in again
              </a>
            </p>
          ) : (
            <PostForm session={session} action={request.originalUrl}>
              <input type="hidden" name="form_id" value={randomUUID()} />
              {content}
              <div class="row">
                <button type="submit" class={act.isPermanent ? 'danger' : ''}>
                  {act.title}
                </button>
                <a href={pageOf(request.path)}>Cancel</a>
              </div>
            </PostForm>
          )}
        </Message>
      </Page>,
    );
  };

  const perform: RequestHandler = async (request, response) => {
    const act = actOf(request.params.act, response);
    if (act.isPermanent && !isFresh(response)) {
      throw new PageError(403, 'Prove first who you are', 'Open the page of the act again, and sign in.');
    }
    const { staff } = sessionOf(response);
    const form = Object.fromEntries(
      Object.entries(request.body as Record<string, unknown>).flatMap(([name, value]) =>
        typeof value === 'string' ? [[name, value]] : [],
      ),
    );
    const subject = subjectOf(request.params as Record<string, string>, response);
    const done = await once(request.originalUrl, form, async () => {
      const result = await act.perform(subject, form);
      log.info({ person: staff.name, act: request.params.act, path: request.path }, 'act');
      return result;
    });
    if ('to' in done) response.redirect(303, done.to);
    else {
      sendPage(
        response,
        <Page title={done.title} session={sessionOf(response)} {...(done.script ? { script: done.script } : {})}>
          <Message title={done.title}>{done.content}</Message>
        </Page>,
      );
    }
  };

  const router = Router({ caseSensitive: true });
  const address = `${path}/:act`;
  router.get(address, show);
  router.post(address, express.urlencoded({ extended: false, limit: MAX_FORM }), requireForm, perform);
  return router;
}

/** Returns the address of the page that an act belongs to. Tokens, links and schemas have no page that is theirs alone. */
const pageOf = (path: string) =>
  path.replace(/(\/(tokens|setup-links)\/[^/]+)?\/acts\/[^/]+$/, '').replace(/\/schemas\/[^/]+$/, '/schemas') || '/';
