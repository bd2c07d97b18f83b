/** The rules of SSO connections. Secrets lie encrypted, each for its organization. */
import { randomUUID } from 'node:crypto';
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import type {
  FindSsoConnectionsRequest,
  SetSsoConnectionRequest,
  SsoConnection,
  UsableSsoConnection,
} from '../../proto/gen/userstore/v1/sso_connection_service.js';
import { checkPrintable, domainIn, domainsIn, issuerIn } from '../model/connection-values.js';
import { DomainError, invalidField } from '../model/domain-error.js';
import { DuplicateKeyError } from '../storage/database-errors.js';
import type { OrganizationStorage } from '../storage/organizations.js';
import type { ConnectionValues, FoundConnection, SsoConnectionStorage } from '../storage/sso-connections.js';
import type { OrganizationRules } from './organizations.js';
import type { Sealer } from './sealing.js';

const MAX_CLIENT_ID = 255;
const MAX_SECRET = 1000;
/** As many organizations with one issuer are found: to know that there are several is all that it is good for. */
const MAX_FOUND = 10;
/** As many connections are looked at together. */
const BATCH = 100;
/** Each lost race means that somebody else has set up or removed the connection meanwhile. */
const MAX_ATTEMPTS = 10;

const contextOf = (organizationId: string) => `sso client secret of ${organizationId}`;

/** The rules over their storages. */
export type SsoConnectionRules = ReturnType<typeof createSsoConnectionRules>;

/**
 * Binds the rules to where connections and organizations are stored. `deadline` is in epoch milliseconds everywhere.
 */
export function createSsoConnectionRules(
  storage: SsoConnectionStorage,
  organizationStorage: OrganizationStorage,
  organizations: OrganizationRules,
  sealer: Sealer,
) {
  /** One try; undefined where somebody else was faster. */
  async function trySet(
    organizationId: string,
    given: Omit<ConnectionValues, 'sealedSecret' | 'sessionEpoch'>,
    { clientSecret, etag }: Pick<SetSsoConnectionRequest, 'clientSecret' | 'etag'>,
    deadline: number,
  ): Promise<SsoConnection | undefined> {
    const before = await storage.get(organizationId, deadline);
    if (etag !== undefined && etag !== before?.connection.etag) throw stale();
    const sealed = clientSecret === undefined ? undefined : sealer.seal(clientSecret, contextOf(organizationId));
    const sealedSecret = sealed ?? before?.sealedSecret;
    if (sealedSecret === undefined) throw invalidField('client_secret', 'A new connection needs a client secret.');
    // For whom another provider has vouched, this one has to vouch anew: his session is over with this write.
    const sessionEpoch = before?.connection.issuer === given.issuer ? before.sessionEpoch : randomUUID();
    const values = { ...given, sealedSecret, sessionEpoch };
    try {
      return before
        ? await storage.replace(organizationId, before.version, values, deadline)
        : await storage.insert(organizationId, values, deadline);
    } catch (error) {
      if (!(error instanceof DuplicateKeyError)) throw error;
      if (error.index === 'domains')
        throw domainTaken(await storage.domainsOfOthers(organizationId, given.domains, deadline));
      if (error.index === 'client') throw clientTaken();
      return undefined;
    }
  }

  /** Those of organizations that there are, with what it takes to use them. */
  async function usable(found: FoundConnection[], deadline: number): Promise<UsableSsoConnection[]> {
    const all = await Promise.all(
      found.map(async ({ connection, sealedSecret }) => {
        const { organizationId } = connection;
        const standing = await organizationStorage.access(organizationId, deadline);
        if (!standing) return [];
        const clientSecret = sealer.open(sealedSecret, contextOf(organizationId));
        const { suspended, displayName: organizationDisplayName } = standing;
        return [{ connection, clientSecret, suspended, organizationDisplayName }];
      }),
    );
    return all.flat();
  }

  return {
    /** Sets up or replaces a connection. Throws as the contract's SetSsoConnection says. */
    async set(request: SetSsoConnectionRequest, deadline: number): Promise<SsoConnection> {
      const { organizationId, connection, clientSecret, etag } = request;
      if (!connection) throw invalidField('connection', 'The request has no connection.');
      checkPrintable('connection.client_id', connection.clientId, MAX_CLIENT_ID);
      if (clientSecret !== undefined) checkPrintable('client_secret', clientSecret, MAX_SECRET);
      const issuer = issuerIn(connection.issuer);
      const domains = domainsIn(connection.domains);
      await organizations.get(organizationId, deadline);
      for (let tries = 0; tries < MAX_ATTEMPTS; tries++) {
        const required = connection.required ?? true;
        const values = { issuer, clientId: connection.clientId, domains, required, updateTime: new Date() };
        const set = await trySet(organizationId, values, { clientSecret, etag }, deadline);
        if (set) return set;
      }
      throw new DomainError(ErrorReason.ERROR_REASON_WRITE_CONTENTION, 'Too many writers at once; try again.');
    },

    /** Reads a connection. Throws ORGANIZATION_NOT_FOUND, SSO_CONNECTION_NOT_FOUND. */
    async get(organizationId: string, deadline: number): Promise<SsoConnection> {
      await organizations.get(organizationId, deadline);
      const found = await storage.get(organizationId, deadline);
      if (found) return found.connection;
      throw connectionNotFound();
    },

    /** Removes a connection, and with it all sessions. Throws ORGANIZATION_NOT_FOUND, SSO_CONNECTION_NOT_FOUND. */
    async delete(organizationId: string, deadline: number): Promise<void> {
      await organizations.get(organizationId, deadline);
      if (!(await storage.delete(organizationId, deadline))) throw connectionNotFound();
    },

    /** Finds connections and what it takes to use them. Throws FIELD_INVALID, SECRET_KEY_MISSING. */
    async find({ key }: FindSsoConnectionsRequest, deadline: number): Promise<UsableSsoConnection[]> {
      switch (key?.$case) {
        case 'domain': {
          const domain = domainIn(key.value);
          return domain === undefined ? [] : await usable(await storage.findByDomain(domain, deadline), deadline);
        }
        case 'issuer':
          return await usable(await storage.findByIssuer(key.value, MAX_FOUND, deadline), deadline);
        case 'client': {
          const { issuer, clientId } = key.value;
          return await usable(await storage.findByClient(issuer, clientId, deadline), deadline);
        }
        case 'organizationId': {
          const found = await storage.get(key.value, deadline);
          return found ? await usable([found], deadline) : [];
        }
        default:
          throw invalidField('key', 'The request does not say by what to find connections.');
      }
    },

    /**
     * Seals all secrets with the key that is sealed with now, those that can be opened; how many it has sealed, and how
     * many it could not open.
     */
    async reseal(deadline: number): Promise<{ sealed: number; lost: number }> {
      const count = { sealed: 0, lost: 0 };
      let after = '';
      for (;;) {
        const found = await storage.list(after, BATCH, deadline);
        for (const { connection, version, sealedSecret } of found) {
          const { organizationId } = connection;
          if (sealer.isCurrent(sealedSecret)) continue;
          try {
            const secret = sealer.open(sealedSecret, contextOf(organizationId));
            const anew = sealer.seal(secret, contextOf(organizationId));
            if (await storage.reseal(organizationId, version, anew, deadline)) count.sealed++;
          } catch (error) {
            if (!(error instanceof DomainError)) throw error;
            count.lost++;
          }
        }
        if (found.length < BATCH) return count;
        after = found.at(-1)?.connection.organizationId ?? '';
      }
    },
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

const domainTaken = (domains: string[]) =>
  new DomainError(
    ErrorReason.ERROR_REASON_DOMAIN_TAKEN,
    `Another organization has ${domains.join(', ') || 'one of the domains'}; one deleted just now may for some minutes.`,
    'connection.domains',
  );

const clientTaken = () =>
  new DomainError(
    ErrorReason.ERROR_REASON_SSO_CONNECTION_TAKEN,
    'Another organization has this client id of this issuer.',
    'connection.client_id',
  );
