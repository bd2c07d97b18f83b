/**
 * The rules of setting up an organization with the secret of a setup link. The secret decides about the organization; the
 * caller names none. `deadline` is in epoch milliseconds everywhere.
 */
import { isIP } from 'node:net';
import type { Activity } from '../../proto/gen/userstore/v1/activity_service.js';
import { ListActivitiesRequest } from '../../proto/gen/userstore/v1/activity_service.js';
import type { Actor } from '../../proto/gen/userstore/v1/actor.js';
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import type { Organization } from '../../proto/gen/userstore/v1/organization_service.js';
import type {
  IssueSetupTokenRequest,
  OpenSetupLinkRequest,
  SetSetupConnectionRequest,
  SetupLink,
  SetupProgress,
} from '../../proto/gen/userstore/v1/setup_link_service.js';
import type { SsoConnection } from '../../proto/gen/userstore/v1/sso_connection_service.js';
import { issuerIn } from '../model/connection-values.js';
import { DomainError, invalidField } from '../model/domain-error.js';
import { EVENT_TYPES } from '../model/event-types.js';
import { setupLinkEvent } from '../model/record-events.js';
import type { ActivityStorage } from '../storage/activities.js';
import type { SetupLinkStorage } from '../storage/setup-links.js';
import type { SetupProgressReads } from '../storage/setup-progress.js';
import type { SsoConnectionStorage } from '../storage/sso-connections.js';
import type { ApiTokenRules } from './api-tokens.js';
import { digestOf } from './credentials.js';
import type { OrganizationRules } from './organizations.js';
import { retryUntil } from './retry.js';
import type { SsoConnectionRules } from './sso-connections.js';

/** The form of a secret: text of another form is looked up nowhere. */
const SECRET = /^[\w-]{43}$/;
/** The most API tokens that a link issues. */
const MAX_TOKENS = 5;
/** The newest activities in which the last request and the last sign-in are searched. */
const SEARCHED = 50;
const TOKEN_LABEL = 'Okta, by setup link';

/** The rules and storages that a setup needs. */
export interface SetupContext {
  links: SetupLinkStorage;
  progress: SetupProgressReads;
  activities: Pick<ActivityStorage, 'list'>;
  connectionStorage: Pick<SsoConnectionStorage, 'get'>;
  organizations: Pick<OrganizationRules, 'find'>;
  apiTokens: Pick<ApiTokenRules, 'create'>;
  connections: Pick<SsoConnectionRules, 'set'>;
}

/** A live link and its organization. */
interface LiveLink {
  link: SetupLink;
  organization: Organization;
}

/** The rules of a setup. */
export type SetupRules = ReturnType<typeof createSetupRules>;

/** Binds the rules to a context. */
export function createSetupRules(context: SetupContext) {
  const { links, apiTokens, connectionStorage } = context;
  return {
    /** Returns the state of the setup. Throws as the contract's OpenSetupLink says. */
    async open({ secret, address, actor }: OpenSetupLinkRequest, deadline: number) {
      if (isIP(address) === 0) throw invalidField('address', 'It is no network address.');
      const { link, organization } = await liveLink(context, secret, deadline);
      const setupLink = link.openTime ? link : await recordOpening(links, link, address, actor, deadline);
      const ssoConnection = (await connectionStorage.get(link.organizationId, deadline))?.connection;
      const progress = await progressOf(context, link, ssoConnection, deadline);
      return { setupLink, organization, ssoConnection, progress };
    },

    /** Issues a token. Throws as the contract's IssueSetupToken says. */
    async issueToken({ secret, actor }: IssueSetupTokenRequest, deadline: number) {
      const { link } = await liveLink(context, secret, deadline);
      const counted = await links.countToken(link, MAX_TOKENS, deadline);
      if (!counted) throw tokenLimitReached();
      const request = { organizationId: link.organizationId, actor: actorOf(link, actor), label: TOKEN_LABEL };
      try {
        const issued = await apiTokens.create(request, deadline);
        return { apiToken: issued.apiToken, tokenSecret: issued.secret, setupLink: counted };
      } catch (error) {
        // A token that may have been issued, because the database was late, stays counted.
        if (error instanceof DomainError) await links.uncountToken(link, deadline);
        throw error;
      }
    },

    /** Sets the connection. Throws as the contract's SetSetupConnection says. */
    async setConnection(request: SetSetupConnectionRequest, deadline: number): Promise<SsoConnection> {
      const { link } = await liveLink(context, request.secret, deadline);
      const before = (await connectionStorage.get(link.organizationId, deadline))?.connection;
      checkIssuer(link, before, request.issuer);
      const connection = {
        organizationId: link.organizationId,
        issuer: request.issuer,
        clientId: request.clientId,
        domains: link.domains.length > 0 ? link.domains : (before?.domains ?? []),
        required: before?.required ?? true,
        createTime: undefined,
        updateTime: undefined,
        etag: '',
      };
      if (connection.domains.length === 0) throw domainsMissing();
      const { organizationId } = link;
      const { clientSecret } = request;
      const actor = actorOf(link, request.actor);
      // A connection that somebody else has set meanwhile is not replaced: its issuer has not been compared.
      const etag = before?.etag;
      return await context.connections.set({ organizationId, actor, connection, clientSecret, etag }, deadline);
    },
  };
}

/** Returns the link with this secret and its organization. Throws SETUP_LINK_INVALID, ORGANIZATION_SUSPENDED. */
async function liveLink({ links, organizations }: SetupContext, secret: string, deadline: number): Promise<LiveLink> {
  const link = SECRET.test(secret) ? await links.findByDigest(digestOf(secret), deadline) : undefined;
  if (!link) throw invalidLink();
  if (link.revokeTime) throw invalidLink('revoked', link.revokeTime);
  if (link.expireTime && link.expireTime <= new Date()) throw invalidLink('expired', link.expireTime);
  const organization = await organizations.find(link.organizationId, deadline);
  if (!organization) throw invalidLink();
  if (organization.suspended) throw suspended();
  return { link, organization };
}

/** Records who opened the link first, and when. Returns the link. */
function recordOpening(
  links: SetupLinkStorage,
  { organizationId, id }: SetupLink,
  address: string,
  actor: Actor | undefined,
  deadline: number,
): Promise<SetupLink> {
  return retryUntil(async () => {
    const found = await links.find(organizationId, id, deadline);
    if (found === null) throw invalidLink();
    if (!found || found.link.openTime) return found?.link;
    const [before, version, time] = [found.link, found.version + 1, new Date()];
    const after = { ...before, openTime: time, openAddress: address };
    const type = EVENT_TYPES.setupLinkOpened;
    const event = setupLinkEvent({ type, before, after, version, time, actor: actorOf(before, actor) });
    return await links.open(before, time, address, event, deadline);
  }, deadline);
}

async function progressOf(
  { progress, activities }: SetupContext,
  { organizationId, createTime, issuedTokens }: SetupLink,
  connection: SsoConnection | undefined,
  deadline: number,
): Promise<SetupProgress> {
  const since = createTime as Date;
  const newest = ListActivitiesRequest.fromPartial({ organizationId, since });
  const [tokenUseTime, userCreateTime, signedIn, { activities: found }] = await Promise.all([
    progress.tokenUse(organizationId, since, issuedTokens > 0, deadline),
    progress.userCreation(organizationId, since, deadline),
    connection ? progress.hasLink(organizationId, connection.issuer, deadline) : false,
    activities.list(newest, '', SEARCHED, deadline),
  ]);
  const isRequest = ({ method }: Activity) => /^(GET|POST|PUT|PATCH|DELETE)$/.test(method);
  const lastSignIn = found.find(({ method }) => method === 'SIGN-IN');
  return { tokenUseTime, userCreateTime, signedIn, lastRequest: found.find(isRequest), lastSignIn };
}

/** Throws FIELD_INVALID if the issuer would move the people of an older connection to another provider. */
function checkIssuer({ createTime }: SetupLink, before: SsoConnection | undefined, issuer: string): void {
  if (!before?.createTime || !createTime || before.createTime >= createTime) return;
  if (issuerIn(issuer) === before.issuer) return;
  const message = `People of the organization sign in at ${before.issuer} already. Only LeaseHawk's staff changes the issuer.`;
  throw invalidField('connection.issuer', message);
}

/** Returns the actor of an act: the request of the edge, and the recipient of the link. */
const actorOf = ({ id, recipient }: SetupLink, actor: Actor | undefined): Actor => ({
  caller: actor?.caller ?? '',
  requestId: actor?.requestId ?? '',
  person: `setup link ${id} (${recipient})`,
});

/** Creates the error for a secret without a live link; `state` and `time`: how and when the link ended. */
function invalidLink(state?: 'revoked' | 'expired', time?: Date): DomainError {
  const { ERROR_REASON_SETUP_LINK_INVALID: reason } = ErrorReason;
  const details = state && time ? { link_state: state, link_end_time: time.toISOString() } : undefined;
  return new DomainError(reason, 'There is no such live setup link.', undefined, undefined, details);
}

const suspended = () =>
  new DomainError(ErrorReason.ERROR_REASON_ORGANIZATION_SUSPENDED, 'The organization is suspended.');

const tokenLimitReached = () =>
  new DomainError(
    ErrorReason.ERROR_REASON_SETUP_TOKEN_LIMIT_REACHED,
    `The setup link has issued ${MAX_TOKENS} API tokens.`,
  );

const domainsMissing = () =>
  invalidField('connection.domains', 'The setup link names no e-mail domains: LeaseHawk support makes one that does.');
