/** The rules of setup links for LeaseHawk's staff. A secret has 256 random bits, so a fast digest is as safe as a slow one. */
import { randomBytes } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import type {
  CreateSetupLinkRequest,
  ListSetupLinksRequest,
  RevokeSetupLinkRequest,
  SetupLink,
} from '../../proto/gen/userstore/v1/setup_link_service.js';
import { domainsIn } from '../model/connection-values.js';
import { DomainError, invalidField } from '../model/domain-error.js';
import { EVENT_TYPES } from '../model/event-types.js';
import { pageOf, pageSizeOf, RECORD_PAGES, recordPosition, recordToken } from '../model/paging.js';
import { setupLinkEvent } from '../model/record-events.js';
import { DuplicateKeyError } from '../storage/database-errors.js';
import type { SetupLinkStorage } from '../storage/setup-links.js';
import type { SsoConnectionStorage } from '../storage/sso-connections.js';
import { digestOf, nameOfActor } from './credentials.js';
import { checkLabel, type OrganizationRules } from './organizations.js';
import { retryUntil } from './retry.js';
import { domainTaken } from './sso-connections.js';

const DAY_MS = 86_400_000;
const DEFAULT_DAYS = 7;
const MAX_DAYS = 14;
const SECRET_BYTES = 32;

/** The storages of links and connections, and the rules of organizations. `deadline` is in epoch milliseconds everywhere. */
export interface SetupLinkContext {
  storage: SetupLinkStorage;
  connections: Pick<SsoConnectionStorage, 'domainsOfOthers'>;
  organizations: Pick<OrganizationRules, 'get'>;
}

/** The rules of setup links. */
export type SetupLinkRules = ReturnType<typeof createSetupLinkRules>;

/** Binds the rules to a context. */
export function createSetupLinkRules(context: SetupLinkContext) {
  const { storage, organizations } = context;
  return {
    /** Creates a link with its secret. Throws as the contract's CreateSetupLink says. */
    create: (request: CreateSetupLinkRequest, deadline: number) => createLink(context, request, deadline),

    /** Lists an organization's links, oldest first. Throws ORGANIZATION_NOT_FOUND, PAGE_TOKEN_INVALID. */
    async list({ organizationId, pageSize, pageToken }: ListSetupLinksRequest, deadline: number) {
      const [after = ''] = recordPosition('setup-links', pageToken) ?? [];
      await organizations.get(organizationId, deadline);
      const limit = pageSizeOf(pageSize, RECORD_PAGES);
      const { items, last } = pageOf(await storage.list(organizationId, after, limit + 1, deadline), limit);
      return { setupLinks: items, nextPageToken: recordToken('setup-links', last && [last.id]) };
    },

    /** Revokes a link. A second call changes nothing. Throws SETUP_LINK_NOT_FOUND. */
    revoke: ({ organizationId, setupLinkId, actor }: RevokeSetupLinkRequest, deadline: number): Promise<SetupLink> =>
      retryUntil(async () => {
        const found = await storage.find(organizationId, setupLinkId, deadline);
        if (found === null) throw linkNotFound();
        if (!found || found.link.revokeTime) return found?.link;
        const time = new Date();
        const [before, version, type] = [found.link, found.version + 1, EVENT_TYPES.setupLinkRevoked];
        const event = setupLinkEvent({ type, before, after: { ...before, revokeTime: time }, version, time, actor });
        return await storage.revoke(before, time, event, deadline);
      }, deadline),
  };
}

async function createLink(
  { storage, connections, organizations }: SetupLinkContext,
  { organizationId, recipient, days = DEFAULT_DAYS, domains: given, actor }: CreateSetupLinkRequest,
  deadline: number,
): Promise<{ setupLink: SetupLink; secret: string }> {
  checkLabel('recipient', recipient);
  if (days < 1 || days > MAX_DAYS) throw invalidField('days', `A setup link is valid for 1 to ${MAX_DAYS} days.`);
  const domains = given.length === 0 ? [] : domainsIn(given, 'domains');
  await organizations.get(organizationId, deadline);
  // Support learns it now, and not the recipient later.
  const taken = domains.length === 0 ? [] : await connections.domainsOfOthers(organizationId, domains, deadline);
  if (taken.length > 0) throw domainTaken(taken, 'domains');
  const time = new Date();
  const setupLink: SetupLink = {
    id: uuidv7({ msecs: time.getTime() }),
    organizationId,
    recipient,
    domains,
    createTime: time,
    createdBy: nameOfActor(actor),
    expireTime: new Date(time.getTime() + days * DAY_MS),
    revokeTime: undefined,
    openTime: undefined,
    openAddress: undefined,
    issuedTokens: 0,
  };
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  const event = setupLinkEvent({ type: EVENT_TYPES.setupLinkCreated, after: setupLink, version: 1, time, actor });
  await orLimitReached(storage.insert(setupLink, digestOf(secret), event, deadline));
  return { setupLink, secret };
}

async function orLimitReached<T>(insert: Promise<T>): Promise<T> {
  try {
    return await insert;
  } catch (error) {
    if (!(error instanceof DuplicateKeyError) || error.index !== 'slot') throw error;
    const message = 'The organization has five live setup links; revoke one of them first.';
    throw new DomainError(ErrorReason.ERROR_REASON_SETUP_LINK_LIMIT_REACHED, message);
  }
}

const linkNotFound = () =>
  new DomainError(ErrorReason.ERROR_REASON_SETUP_LINK_NOT_FOUND, 'The organization has no such setup link.');
