/** The rules of single sign-on (SSO) connections. Client secrets are stored encrypted, each for its organization. */
import { randomUUID } from 'node:crypto';
import type { ProviderHosts } from '../../config/provider-hosts.js';
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import type {
  DeleteSsoConnectionRequest,
  FindSsoConnectionsRequest,
  SetSsoConnectionRequest,
  SsoConnection,
  UsableSsoConnection,
} from '../../proto/gen/userstore/v1/sso_connection_service.js';
import { checkPrintable, domainIn, domainsIn, issuerIn } from '../model/connection-values.js';
import { DomainError, invalidField } from '../model/domain-error.js';
import { etagOf } from '../model/etag.js';
import { EVENT_TYPES } from '../model/event-types.js';
import { connectionEvent } from '../model/record-events.js';
import { DuplicateKeyError } from '../storage/database-errors.js';
import type { OrganizationStorage } from '../storage/organizations.js';
import type { ConnectionValues, FoundConnection, SsoConnectionStorage } from '../storage/sso-connections.js';
import type { OrganizationRules } from './organizations.js';
import { type Resealed, resealAll, type StoredSecret } from './reseal.js';
import { retryUntil } from './retry.js';
import type { Sealer } from './sealing.js';

const MAX_CLIENT_ID = 255;
const MAX_SECRET = 1000;
/** The most connections with one issuer that are returned: callers only need to know that there are several. */
const MAX_FOUND = 10;
/** The number of connections that one command reads. */
const BATCH = 100;
/** Each lost race means that another caller has set or deleted the connection meanwhile. */
const MAX_ATTEMPTS = 10;

/** The storages and rules that the rules of connections need. `deadline` is in epoch milliseconds everywhere. */
export interface SsoConnectionContext {
  storage: SsoConnectionStorage;
  organizationStorage: OrganizationStorage;
  organizations: OrganizationRules;
  sealer: Sealer;
  providerHosts: Pick<ProviderHosts, 'flawOfHost'>;
}

type PlainValues = Omit<ConnectionValues, 'sealedSecret' | 'sessionEpoch'>;

/** The context that the client secret of an organization is sealed for. */
const contextOf = (organizationId: string) => `sso client secret of ${organizationId}`;

/**
 * Makes one attempt to set a connection. Returns undefined if a concurrent write won. Throws as the contract's
 * SetSsoConnection says.
 */
async function trySetConnection(
  { storage, sealer }: Pick<SsoConnectionContext, 'storage' | 'sealer'>,
  { organizationId, clientSecret, etag, actor }: SetSsoConnectionRequest,
  given: PlainValues,
  deadline: number,
): Promise<SsoConnection | undefined> {
  const stored = await storage.find(organizationId, deadline);
  if (stored === undefined) return undefined;
  const before = stored?.found;
  if (etag !== undefined && etag !== before?.connection.etag) throw stale();
  const sealed = clientSecret === undefined ? undefined : sealer.seal(clientSecret, contextOf(organizationId));
  const sealedSecret = sealed ?? before?.sealedSecret;
  if (sealedSecret === undefined) throw invalidField('client_secret', 'A new connection needs a client secret.');
  // A new provider has not authenticated the people who are signed in: this write ends their sessions.
  const sessionEpoch = before?.connection.issuer === given.issuer ? before.sessionEpoch : randomUUID();
  const values = { ...given, sealedSecret, sessionEpoch };
  const version = (stored?.version ?? 0) + 1;
  const createTime = before?.connection.createTime ?? given.updateTime;
  const after = { ...given, organizationId, createTime, etag: etagOf(version) };
  const event = connectionEvent({
    type: before ? EVENT_TYPES.connectionChanged : EVENT_TYPES.connectionCreated,
    before: before?.connection,
    after,
    version,
    time: given.updateTime,
    actor,
    others: sealed === undefined ? [] : [SECRET_SET],
  });
  try {
    return stored
      ? await storage.replace(organizationId, values, createTime, event, deadline)
      : await storage.insert(organizationId, values, event, deadline);
  } catch (error) {
    if (!(error instanceof DuplicateKeyError)) throw error;
    if (error.index === 'domains') {
      throw domainTaken(await storage.domainsOfOthers(organizationId, given.domains, deadline));
    }
    if (error.index === 'client') throw clientTaken();
    return undefined;
  }
}

/** The change that says that a client secret was given, and not which. */
const SECRET_SET = { name: 'clientSecret', before: undefined, after: JSON.stringify('set') };

/** Makes one attempt to delete a connection. Returns undefined if a concurrent write won. */
async function tryDeleteConnection(
  { storage }: Pick<SsoConnectionContext, 'storage'>,
  { organizationId, actor }: DeleteSsoConnectionRequest,
  deadline: number,
): Promise<true | undefined> {
  const stored = await storage.find(organizationId, deadline);
  if (stored === undefined) return undefined;
  if (!stored?.found) throw connectionNotFound();
  const type = EVENT_TYPES.connectionRemoved;
  const before = stored.found.connection;
  const event = connectionEvent({ type, before, version: stored.version + 1, time: new Date(), actor });
  return (await storage.delete(organizationId, event, deadline)) || undefined;
}

async function setConnection(
  context: SsoConnectionContext,
  request: SetSsoConnectionRequest,
  deadline: number,
): Promise<SsoConnection> {
  const { organizationId, connection, clientSecret } = request;
  if (!connection) throw invalidField('connection', 'The request has no connection.');
  const { clientId, required = true } = connection;
  checkPrintable('connection.client_id', clientId, MAX_CLIENT_ID);
  if (clientSecret !== undefined) checkPrintable('client_secret', clientSecret, MAX_SECRET);
  const issuer = issuerIn(connection.issuer);
  const domains = domainsIn(connection.domains);
  const flaw = await context.providerHosts.flawOfHost(new URL(issuer).hostname);
  if (flaw !== undefined) throw invalidField('connection.issuer', `The issuer cannot be used: ${flaw}.`);
  await context.organizations.get(organizationId, deadline);
  const attempt = () =>
    trySetConnection(context, request, { issuer, clientId, domains, required, updateTime: new Date() }, deadline);
  return await retryUntil(attempt, deadline, MAX_ATTEMPTS);
}

/** Finds the connections that a request names. Throws FIELD_INVALID. */
async function foundBy(
  { storage }: SsoConnectionContext,
  { key }: FindSsoConnectionsRequest,
  deadline: number,
): Promise<FoundConnection[]> {
  switch (key?.$case) {
    case 'domain': {
      const domain = domainIn(key.value);
      return domain === undefined ? [] : await storage.findByDomain(domain, deadline);
    }
    case 'issuer':
      return await storage.findByIssuer(key.value, MAX_FOUND, deadline);
    case 'client':
      return await storage.findByClient(key.value.issuer, key.value.clientId, deadline);
    case 'organizationId':
      return [await storage.get(key.value, deadline)].filter((found) => found !== undefined);
    default:
      throw invalidField('key', 'The request does not say by what to find connections.');
  }
}

/**
 * Returns the connection with its client secret, or nothing if its organization is deleted. Throws SECRET_KEY_MISSING.
 */
async function usable(
  { organizationStorage, sealer }: SsoConnectionContext,
  { connection, sealedSecret }: FoundConnection,
  deadline: number,
): Promise<UsableSsoConnection[]> {
  const { organizationId } = connection;
  const access = await organizationStorage.access(organizationId, deadline);
  if (!access) return [];
  const clientSecret = sealer.open(sealedSecret, contextOf(organizationId));
  return [{ connection, clientSecret, suspended: access.suspended, organizationDisplayName: access.displayName }];
}

/** Yields all client secrets as stored. */
async function* storedSecrets(storage: SsoConnectionStorage, deadline: number): AsyncGenerator<StoredSecret> {
  let found: FoundConnection[];
  let after = '';
  do {
    found = await storage.list(after, BATCH, deadline);
    for (const { connection, version, sealedSecret: sealed } of found) {
      after = connection.organizationId;
      const id = after;
      const replace = (resealed: string) => storage.reseal(id, version, resealed, deadline);
      yield { sealed, context: contextOf(id), replace };
    }
  } while (found.length === BATCH);
}

/** The rules of SSO connections. */
export type SsoConnectionRules = ReturnType<typeof createSsoConnectionRules>;

/** Binds the rules to a context. */
export function createSsoConnectionRules(context: SsoConnectionContext) {
  const { storage, organizations } = context;
  return {
    /** Sets up or replaces a connection. Throws as the contract's SetSsoConnection says. */
    set: (request: SetSsoConnectionRequest, deadline: number): Promise<SsoConnection> =>
      setConnection(context, request, deadline),

    /** Returns a connection. Throws ORGANIZATION_NOT_FOUND, SSO_CONNECTION_NOT_FOUND. */
    async get(organizationId: string, deadline: number): Promise<SsoConnection> {
      await organizations.get(organizationId, deadline);
      const found = await storage.get(organizationId, deadline);
      if (found) return found.connection;
      throw connectionNotFound();
    },

    /** Deletes a connection, which ends all sessions. Throws as the contract's DeleteSsoConnection says. */
    async delete(request: DeleteSsoConnectionRequest, deadline: number): Promise<void> {
      await organizations.get(request.organizationId, deadline);
      await retryUntil(() => tryDeleteConnection(context, request, deadline), deadline);
    },

    /** Finds connections with their client secrets. Throws FIELD_INVALID, SECRET_KEY_MISSING. */
    async find(request: FindSsoConnectionsRequest, deadline: number): Promise<UsableSsoConnection[]> {
      const found = await foundBy(context, request, deadline);
      return (await Promise.all(found.map((connection) => usable(context, connection, deadline)))).flat();
    },

    /** Encrypts all client secrets with the current key. Returns how many it encrypted, and how many have no key. */
    reseal: (deadline: number): Promise<Resealed> => resealAll(storedSecrets(storage, deadline), context.sealer),
  };
}

/** There is no connection. */
export const connectionNotFound = () =>
  new DomainError(ErrorReason.ERROR_REASON_SSO_CONNECTION_NOT_FOUND, 'The organization has no such SSO connection.');

const stale = () =>
  new DomainError(
    ErrorReason.ERROR_REASON_ETAG_MISMATCH,
    'The connection has changed since the version that was named.',
  );

/** Other organizations have these domains. */
export const domainTaken = (domains: string[], field = 'connection.domains') =>
  new DomainError(
    ErrorReason.ERROR_REASON_DOMAIN_TAKEN,
    `Another organization has ${domains.join(', ') || 'one of the domains'}; one deleted just now may for some minutes.`,
    field,
  );

const clientTaken = () =>
  new DomainError(
    ErrorReason.ERROR_REASON_SSO_CONNECTION_TAKEN,
    'Another organization has this client id of this issuer.',
    'connection.client_id',
  );
