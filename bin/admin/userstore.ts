/** Userstore as the commands see it: organizations and API tokens, over gRPC, with the role "admin". */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { type CallOptions, type ClientUnaryCall, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { z } from 'zod';
import { followCertificates } from '../../config/certificates.js';
import { type ClientTls, channel } from '../../config/grpc-credentials.js';
import { ActivityServiceClient, type ListActivitiesRequest } from '../../proto/gen/userstore/v1/activity_service.js';
import type { Actor } from '../../proto/gen/userstore/v1/actor.js';
import { type ApiToken, ApiTokenServiceClient } from '../../proto/gen/userstore/v1/api_token_service.js';
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import type { Filter } from '../../proto/gen/userstore/v1/filter.js';
import type { Group, Membership } from '../../proto/gen/userstore/v1/group.js';
import { GroupServiceClient } from '../../proto/gen/userstore/v1/group_service.js';
import { type Organization, OrganizationServiceClient } from '../../proto/gen/userstore/v1/organization_service.js';
import type { User } from '../../proto/gen/userstore/v1/user.js';
import { UserServiceClient } from '../../proto/gen/userstore/v1/user_service.js';
import { failureOf } from '../../proto/rpc-error.js';
import { accessCalls } from './access-calls.js';
import type { Config } from './config.js';
import { equal } from './filter.js';

const DEADLINE_MS = 10_000;
/** How large a page is asked for, and how many of them at most. */
export const PAGE_SIZE = 1000;
export const MOST_PAGES = 1000;
/** A change that somebody else's overtakes is made again, at most so often. */
const MOST_TRIES = 10;

const USER_ID = /^[\da-f]{8}-[\da-f-]{27}$/i;

/** A connection to userstore; every call has a deadline and throws an Error with one sentence for a person. */
export type Userstore = ReturnType<typeof connect>;

/**
 * Connects to userstore at `address` with the certificate and the service token of the configuration. Throws an Error
 * that says what is wrong with a file, or where a token was looked for.
 */
export async function connectAs(
  config: Pick<Config, 'adminToken' | 'dataDir' | 'userstoreTls' | 'userstoreTlsName'>,
  address: string,
): Promise<Userstore> {
  const certificates = config.userstoreTls && (await followCertificates(config.userstoreTls));
  return connect(address, await adminToken(config), { certificates, serverName: config.userstoreTlsName });
}

/** The token that was given, else the one that userstore keeps in `dataDir`; none where a certificate says enough. */
async function adminToken({
  adminToken,
  dataDir,
  userstoreTls,
}: Pick<Config, 'adminToken' | 'dataDir' | 'userstoreTls'>): Promise<string | undefined> {
  if (adminToken !== undefined || userstoreTls?.cert) return adminToken;
  const file = join(dataDir, 'service-tokens.json');
  try {
    return z.object({ admin: z.string().min(1) }).parse(JSON.parse(await readFile(file, 'utf8'))).admin;
  } catch {
    throw new Error(`No service token: set ADMIN_TOKEN, or DATA_DIR to the folder of userstore; ${file} has none.`);
  }
}

/** Connects, at the first call, to userstore at `address` ("host:port"). */
export function connect(address: string, serviceToken: string | undefined, tls: ClientTls = {}) {
  const { credentials, options } = channel(address, tls);
  const organizations = new OrganizationServiceClient(address, credentials, options);
  const apiTokens = new ApiTokenServiceClient(address, credentials, options);
  const users = new UserServiceClient(address, credentials, options);
  const groups = new GroupServiceClient(address, credentials, options);
  const activities = new ActivityServiceClient(address, credentials, options);
  const metadata = new Metadata();
  if (serviceToken !== undefined) metadata.set('authorization', `Bearer ${serviceToken}`);

  const call: Call = <Q, R>(method: Method<Q, R>, request: Q): Promise<R> =>
    new Promise((resolve, reject) => {
      method(request, metadata, { deadline: Date.now() + DEADLINE_MS }, (error, response) => {
        if (error) reject(new Error(sentenceFor(error, address), { cause: error }));
        else resolve(response);
      });
    });

  const access = accessCalls(address, { credentials, options }, call);
  return {
    ...access,
    /** Creates an organization. */
    async createOrganization(displayName: string): Promise<Organization> {
      const method = organizations.createOrganization.bind(organizations);
      return required((await call(method, { actor: actor(), displayName })).organization);
    },
    /** Reads an organization. */
    async getOrganization(organizationId: string): Promise<Organization> {
      const method = organizations.getOrganization.bind(organizations);
      return required((await call(method, { organizationId })).organization);
    },
    /** Changes what `change` returns of an organization as it is; again, where somebody else was faster. */
    async updateOrganization(
      organizationId: string,
      change: (organization: Organization) => Partial<Organization>,
      tries = MOST_TRIES,
    ): Promise<Organization> {
      const before = await this.getOrganization(organizationId);
      const changed = change(before);
      const updateMask = Object.keys(changed).map((name) =>
        name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      );
      const method = organizations.updateOrganization.bind(organizations);
      const organization = { ...before, ...changed };
      const request = { organizationId, actor: actor(), organization, updateMask, etag: before.etag };
      try {
        return required((await call(method, request)).organization);
      } catch (error) {
        if (tries === 1 || !isStale(error)) throw error;
        return await this.updateOrganization(organizationId, change, tries - 1);
      }
    },
    /** All organizations, oldest first. */
    async listOrganizations(): Promise<Organization[]> {
      const method = organizations.listOrganizations.bind(organizations);
      const found: Organization[] = [];
      let pageToken: string | undefined;
      for (let page = 0; page < MOST_PAGES; page++) {
        const answer = await call(method, { pageSize: PAGE_SIZE, pageToken });
        found.push(...answer.organizations);
        pageToken = answer.nextPageToken;
        if (pageToken === undefined) break;
      }
      return found;
    },
    /** Removes an organization with all that belongs to it. */
    async deleteOrganization(organizationId: string): Promise<void> {
      await call(organizations.deleteOrganization.bind(organizations), { organizationId, actor: actor() });
    },
    /** Issues a token, valid for so many seconds or without end; the only time its secret, a UUID, is told. */
    async issueToken(organizationId: string, label: string, lifetimeSeconds?: number) {
      const method = apiTokens.createApiToken.bind(apiTokens);
      const { apiToken, secret } = await call(method, { organizationId, actor: actor(), label, lifetimeSeconds });
      return { apiToken: required(apiToken), secret };
    },
    /** Issues a token in the place of another, which stays valid for so many seconds; valid as the other, or so long. */
    async rotateToken(organizationId: string, apiTokenId: string, overlapSeconds: number, lifetimeSeconds?: number) {
      const method = apiTokens.rotateApiToken.bind(apiTokens);
      const request = { organizationId, actor: actor(), apiTokenId, overlapSeconds, lifetimeSeconds };
      const answer = await call(method, request);
      return { apiToken: required(answer.apiToken), secret: answer.secret, replaced: required(answer.replaced) };
    },
    /** A page of users, oldest first; with a filter only those it matches. */
    async listUsers(organizationId: string, filter: Filter | undefined, pageSize: number, pageToken?: string) {
      const method = users.listUsers.bind(users);
      return await call(method, { organizationId, filter, order: undefined, skip: 0, pageSize, pageToken });
    },
    /** Reads a user. */
    async getUser(organizationId: string, userId: string): Promise<User> {
      return required((await call(users.getUser.bind(users), { organizationId, userId })).user);
    },
    /** The id of the user with this id or, in any letter case, user name. */
    async userIdOf(organizationId: string, user: string): Promise<string> {
      const id = await this.findUserId(organizationId, user);
      if (id !== undefined) return id;
      throw new Error(`No user of the organization is called ${user}; of a removed user, give the id.`);
    },
    /** The same; undefined where nobody has the name. */
    async findUserId(organizationId: string, user: string): Promise<string | undefined> {
      if (USER_ID.test(user)) return user.toLowerCase();
      const { users: found } = await this.listUsers(organizationId, equal('user_name', user), 1);
      return found[0]?.id;
    },
    /** A page of activities, newest first. */
    listActivities: (request: ListActivitiesRequest) => call(activities.listActivities.bind(activities), request),
    /** The newest changes of a user, newest first: at most 1000. */
    listChanges: (organizationId: string, userId: string, pageSize: number) =>
      call(activities.listChanges.bind(activities), { organizationId, userId, pageSize }),
    /** A page of groups, oldest first; with a filter only those it matches. */
    async listGroups(organizationId: string, filter: Filter | undefined, pageSize: number, pageToken?: string) {
      const method = groups.listGroups.bind(groups);
      return await call(method, { organizationId, filter, order: undefined, skip: 0, pageSize, pageToken });
    },
    /** Reads a group. */
    async getGroup(organizationId: string, groupId: string): Promise<Group> {
      return required((await call(groups.getGroup.bind(groups), { organizationId, groupId })).group);
    },
    /** At most `limit` members of a group, and whether these are all. */
    async listMembers(organizationId: string, groupId: string, limit: number) {
      const method = groups.listMemberships.bind(groups);
      const members: Membership[] = [];
      let pageToken: string | undefined;
      do {
        const pageSize = Math.min(limit - members.length, PAGE_SIZE);
        const page = await call(method, { organizationId, groupIds: [groupId], pageSize, pageToken });
        members.push(...page.memberships);
        pageToken = page.nextPageToken;
      } while (pageToken !== undefined && members.length < limit);
      return { members, isAll: pageToken === undefined };
    },
    /** The newest changes of a group, newest first: at most 1000. */
    listGroupChanges: (organizationId: string, groupId: string, pageSize: number) =>
      call(activities.listChanges.bind(activities), { organizationId, userId: '', groupId, pageSize }),
    /** All tokens of an organization, oldest first, revoked ones too. */
    async listTokens(organizationId: string): Promise<ApiToken[]> {
      const method = apiTokens.listApiTokens.bind(apiTokens);
      const found: ApiToken[] = [];
      let pageToken: string | undefined;
      for (let page = 0; page < MOST_PAGES; page++) {
        const answer = await call(method, { organizationId, pageSize: PAGE_SIZE, pageToken });
        found.push(...answer.apiTokens);
        pageToken = answer.nextPageToken;
        if (pageToken === undefined) break;
      }
      return found;
    },
    /** Ends a token for good. */
    async revokeToken(organizationId: string, apiTokenId: string): Promise<ApiToken> {
      const method = apiTokens.revokeApiToken.bind(apiTokens);
      return required((await call(method, { organizationId, actor: actor(), apiTokenId })).apiToken);
    },
    close(): void {
      tls.certificates?.close();
      organizations.close();
      apiTokens.close();
      users.close();
      groups.close();
      activities.close();
      access.closeAccess();
    },
  };
}

const isStale = (error: unknown): boolean =>
  error instanceof Error && (error.cause as Partial<ServiceError> | undefined)?.code === status.ABORTED;

/** Makes a call; throws an Error with one sentence for a person. */
export type Call = <Q, R>(method: Method<Q, R>, request: Q) => Promise<R>;

type Method<Q, R> = (
  request: Q,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: (error: ServiceError | null, response: R) => void,
) => ClientUnaryCall;

/** Whether a call failed because there is no such thing: the reason, without its prefix. */
export function isMissing(error: unknown, reason: string): boolean {
  const failure = error instanceof Error && error.cause ? failureOf(error.cause as ServiceError) : undefined;
  return failure !== undefined && ErrorReason[failure.reason] === `ERROR_REASON_${reason}`;
}

/** Who acts: the person who has the account on the machine. */
export const actor = (): Actor => ({ caller: 'admin', requestId: randomUUID(), person: userInfo().username });

/** What an answer must hold. */
export function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('Userstore answered without a result; is it of another version?');
  return value;
}

function sentenceFor({ code, details }: ServiceError, address: string): string {
  switch (code) {
    case status.UNAVAILABLE:
      // Userstore's own sentence, about its database, or grpc-js's about the connection.
      if (!/connect|resol|lookup|certificate|tls|ssl/i.test(details)) return `Userstore at ${address}: ${details}`;
      return `Userstore cannot be reached at ${address}${reasonIn(details)}. Is it running (npm start), and is this its address?`;
    case status.DEADLINE_EXCEEDED:
      return `Userstore at ${address} did not answer within ${DEADLINE_MS / 1000} seconds.`;
    case status.UNAUTHENTICATED:
      if (/certificate/.test(details))
        return `Userstore at ${address}: ${details} Set ADMIN_CLIENT_CERT to one of role admin.`;
      return `Userstore at ${address} does not know this service token. Set ADMIN_TOKEN, or DATA_DIR to its folder.`;
    default:
      return details;
  }
}

/** Of grpc-js's words the part that tells a refused certificate from a wrong port. */
function reasonIn(details: string): string {
  const reason = /Last error: (?:Error[^:]*: )?([^\n]+?)\.?(?: Resolution note|$)/m.exec(details)?.[1];
  return reason === undefined ? '' : ` (${reason})`;
}
