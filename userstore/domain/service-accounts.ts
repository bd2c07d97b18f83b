/** The rules of service accounts. A secret has 256 random bits, so a fast digest is as safe as a slow one. */
import { randomBytes } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import {
  type CreateServiceAccountRequest,
  type DeleteServiceAccountRequest,
  type ListServiceAccountsRequest,
  Role,
  type RotateServiceAccountSecretRequest,
  ServiceAccount,
} from '../../proto/gen/userstore/v1/service_account_service.js';
import { DomainError, invalidField } from '../model/domain-error.js';
import { EVENT_TYPES } from '../model/event-types.js';
import { pageOf, pageSizeOf, RECORD_PAGES, recordPosition, recordToken } from '../model/paging.js';
import { serviceAccountEvent } from '../model/record-events.js';
import { DuplicateKeyError } from '../storage/database-errors.js';
import type { ServiceAccountStorage, StoredAccount } from '../storage/service-accounts.js';
import { digestOf, nameOfActor } from './credentials.js';
import type { KnownAccounts } from './known-accounts.js';
import type { OrganizationRules } from './organizations.js';
import { retryUntil } from './retry.js';

const NAME = /^[a-z][a-z\d-]{0,62}$/;
/** Names that would be taken for the callers of a deployment's own parts. */
const RESERVED = ['edge', 'reader', 'support', 'admin'];
const ROLES = [Role.ROLE_EDGE, Role.ROLE_READER, Role.ROLE_VIEWER, Role.ROLE_SUPPORT, Role.ROLE_ADMIN];
const MAX_ORGANIZATIONS = 100;
/** Thirty days. */
const MAX_OVERLAP_SECONDS = 2_592_000;
const PREFIX = 'leasehawk_';
const SECRET_BYTES = 32;

/** The storage of accounts, and the rules of organizations. `deadline` is in epoch milliseconds everywhere. */
export interface ServiceAccountContext {
  storage: ServiceAccountStorage;
  organizations: Pick<OrganizationRules, 'get'>;
  /** Reads the accounts that this userstore knows again. */
  known: Pick<KnownAccounts, 'refresh'>;
}

/** The rules of service accounts. */
export type ServiceAccountRules = ReturnType<typeof createServiceAccountRules>;

/** Binds the rules to a context. */
export function createServiceAccountRules(context: ServiceAccountContext) {
  const { storage, known } = context;
  return {
    /** Creates an account with its secret. Throws as the contract's CreateServiceAccount says. */
    async create({ serviceAccount: given, actor }: CreateServiceAccountRequest, deadline: number) {
      if (!given) throw invalidField('service_account', 'The request has no service account.');
      await check(context, given, deadline);
      const createTime = new Date();
      const { name, role, organizationIds } = given;
      const named = { name, role, organizationIds, createTime, createdBy: nameOfActor(actor) };
      const serviceAccount = ServiceAccount.fromPartial({ id: uuidv7({ msecs: createTime.getTime() }), ...named });
      const type = EVENT_TYPES.serviceAdded;
      const event = serviceAccountEvent({ type, after: serviceAccount, version: 1, time: createTime, actor });
      const secret = newSecret();
      await orRefused(storage.insert(serviceAccount, digestOf(secret), event, deadline));
      await known.refresh(deadline);
      return { serviceAccount, secret };
    },

    /** Lists accounts, oldest first. Throws PAGE_TOKEN_INVALID. */
    async list({ pageSize, pageToken }: ListServiceAccountsRequest, deadline: number) {
      const [after = ''] = recordPosition('service-accounts', pageToken) ?? [];
      const limit = pageSizeOf(pageSize, RECORD_PAGES);
      const { items, last } = pageOf(await storage.list(after, limit + 1, deadline), limit);
      const nextPageToken = recordToken('service-accounts', last && [last.account.id]);
      return { serviceAccounts: items.map(shown), nextPageToken };
    },

    /** Replaces the secret. Throws as the contract's RotateServiceAccountSecret says. */
    async rotate(
      { serviceAccountId: id, overlapSeconds, actor }: RotateServiceAccountSecretRequest,
      deadline: number,
    ): Promise<{ serviceAccount: ServiceAccount; secret: string }> {
      if (overlapSeconds < 0 || overlapSeconds > MAX_OVERLAP_SECONDS) {
        throw invalidField('overlap_seconds', `It must be between 0 and ${MAX_OVERLAP_SECONDS} seconds.`);
      }
      const secret = newSecret();
      const type = EVENT_TYPES.serviceRotated;
      const others = [{ name: 'secret', before: undefined, after: JSON.stringify('rotated') }];
      const rotated = await changeAccount(storage, id, deadline, ({ account: before, version, digest }) => {
        const time = new Date();
        const end = new Date(time.getTime() + overlapSeconds * 1000);
        const after = { ...before, overlapEndTime: end };
        const event = serviceAccountEvent({ type, before, after, version: version + 1, time, actor, others });
        return storage.rotate(digest, digestOf(secret), end, event, deadline);
      });
      await known.refresh(deadline);
      return { serviceAccount: shown(rotated), secret };
    },

    /** Deletes an account. Throws SERVICE_ACCOUNT_NOT_FOUND, WRITE_CONTENTION. */
    async delete({ serviceAccountId: id, actor }: DeleteServiceAccountRequest, deadline: number): Promise<void> {
      const type = EVENT_TYPES.serviceRemoved;
      await changeAccount(storage, id, deadline, async ({ account: before, version }) => {
        const event = serviceAccountEvent({ type, before, version: version + 1, time: new Date(), actor });
        return (await storage.delete(event, deadline)) || undefined;
      });
      await known.refresh(deadline);
    },
  };
}

/** Calls `change` with the account until no concurrent write wins. Throws SERVICE_ACCOUNT_NOT_FOUND, WRITE_CONTENTION. */
function changeAccount<T>(
  storage: ServiceAccountStorage,
  id: string,
  deadline: number,
  change: (before: StoredAccount) => Promise<T | undefined>,
): Promise<T> {
  const attempt = async () => {
    const before = await storage.find(id, deadline);
    if (before === null) throw accountNotFound();
    return before && (await change(before));
  };
  return retryUntil(attempt, deadline);
}

const newSecret = () => PREFIX + randomBytes(SECRET_BYTES).toString('base64url');

/** Returns the account as callers see it, without an overlap that has ended. */
function shown({ account }: StoredAccount): ServiceAccount {
  const isOver = account.overlapEndTime !== undefined && account.overlapEndTime.getTime() <= Date.now();
  return isOver ? { ...account, overlapEndTime: undefined } : account;
}

/** Throws FIELD_INVALID, ORGANIZATION_NOT_FOUND. */
async function check(
  { organizations }: ServiceAccountContext,
  { name, role, organizationIds }: ServiceAccount,
  deadline: number,
): Promise<void> {
  if (!NAME.test(name) || RESERVED.includes(name)) {
    const message = 'It must be a lower-case letter, then up to 62 lower-case letters, digits and "-", and not a role.';
    throw invalidField('service_account.name', message);
  }
  if (!ROLES.includes(role)) throw invalidField('service_account.role', 'The account has no role.');
  if (organizationIds.length > MAX_ORGANIZATIONS) {
    const message = `An account is held to at most ${MAX_ORGANIZATIONS} organizations.`;
    throw invalidField('service_account.organization_ids', message);
  }
  if (role === Role.ROLE_EDGE && organizationIds.length > 0) {
    throw invalidField('service_account.organization_ids', 'An edge serves all organizations.');
  }
  for (const id of organizationIds) await organizations.get(id, deadline);
}

async function orRefused(insert: Promise<void>): Promise<void> {
  try {
    await insert;
  } catch (error) {
    if (!(error instanceof DuplicateKeyError)) throw error;
    if (error.index === 'name') {
      const { ERROR_REASON_SERVICE_ACCOUNT_NAME_TAKEN: reason } = ErrorReason;
      throw new DomainError(reason, 'Another service account has this name.', 'service_account.name');
    }
    const { ERROR_REASON_SERVICE_ACCOUNT_LIMIT_REACHED: reason } = ErrorReason;
    throw new DomainError(reason, 'There are 100 service accounts; delete one of them first.');
  }
}

const accountNotFound = () =>
  new DomainError(ErrorReason.ERROR_REASON_SERVICE_ACCOUNT_NOT_FOUND, 'There is no such service account.');
