/** The rules of activities and changes: what is kept of requests, and how it is found again. */
import type {
  Activity,
  ListActivitiesRequest,
  ListChangesRequest,
} from '../../proto/gen/userstore/v1/activity_service.js';
import type { Change } from '../../proto/gen/userstore/v1/change.js';
import { invalidField } from '../model/domain-error.js';
import type { ActivityStorage } from '../storage/activities.js';
import type { ChangedResource, ChangeStorage } from '../storage/changes.js';
import { type OrganizationRules, pageSizeOf, pageTokenInvalid } from './organizations.js';

const MAX_ACTIVITIES = 1000;
const REQUEST_ID = '[\\da-f]{8}(?:-[\\da-f]{4}){3}-[\\da-f]{12}';
const ID = new RegExp(`^${REQUEST_ID}(\\.\\d{4})?$`);
/** Longest path, detail and name, in characters. */
const MAX_TEXT = 1000;
/** Longest id of a user, a group or a token: MongoDB would index longer text too. */
const MAX_ID = 100;

/** The rules over their storages. */
export type ActivityRules = ReturnType<typeof createActivityRules>;

/** Binds the rules to where activities and changes are stored. `deadline` is in epoch milliseconds. */
export function createActivityRules(
  storage: ActivityStorage,
  changes: ChangeStorage,
  organizations: OrganizationRules,
) {
  /** The organizations of these activities that are known to exist, or found to. */
  async function existing(given: readonly Activity[], deadline: number): Promise<Set<string>> {
    const known = new Set(given.filter(({ apiTokenId }) => apiTokenId).map(({ organizationId }) => organizationId));
    const unknown = new Set(given.map(({ organizationId }) => organizationId).filter((id) => !known.has(id)));
    for (const id of unknown) if (await organizations.find(id, deadline)) known.add(id);
    return known;
  }

  /** What each of these activities has changed. */
  async function changesOf(organizationId: string, found: readonly Activity[], deadline: number) {
    const subjects = found.map(subjectOf).filter((subject) => subject !== undefined);
    const requestIds = found.map(({ id }) => id);
    const made = subjects.length === 0 ? [] : await changes.ofRequests(organizationId, subjects, requestIds, deadline);
    return new Map(made.map((change) => [`${change.actor?.requestId} ${change.groupId ?? change.userId}`, change]));
  }

  return {
    /** Keeps activities of organizations that exist. Throws FIELD_INVALID. */
    async record(given: readonly Activity[], deadline: number): Promise<void> {
      if (given.length > MAX_ACTIVITIES) throw invalidField('activities', `There are more than ${MAX_ACTIVITIES}.`);
      for (const { id, organizationId, time } of given) {
        if (!ID.test(id) || organizationId === '' || !time) {
          throw invalidField('activities', 'An activity has an id, an organization and a time.');
        }
      }
      const organizationIds = await existing(given, deadline);
      const kept = given.filter(({ organizationId }) => organizationIds.has(organizationId));
      if (kept.length > 0) await storage.insert(kept.map(cut), deadline);
    },

    /** A page of activities with what they changed, newest first. Throws ORGANIZATION_NOT_FOUND, PAGE_TOKEN_INVALID. */
    async list(asked: ListActivitiesRequest, deadline: number) {
      const { organizationId, pageToken = '' } = asked;
      // The page token is the id of the last activity shown.
      if (pageToken !== '' && !ID.test(pageToken)) throw pageTokenInvalid();
      const limit = pageSizeOf(asked.pageSize);
      await organizations.get(organizationId, deadline);
      await changes.flushOutboxes(deadline);
      const found = await storage.list(asked, pageToken, limit + 1, deadline);
      const page = found.slice(0, limit);
      const made = await changesOf(organizationId, page, deadline);
      for (const activity of page) {
        activity.change = made.get(`${activity.id} ${activity.groupId ?? activity.userId}`);
      }
      return { activities: page, nextPageToken: found.length > limit ? page.at(-1)?.id : undefined };
    },

    /**
     * A page of the changes of a user or a group, newest first. Throws ORGANIZATION_NOT_FOUND, PAGE_TOKEN_INVALID,
     * FIELD_INVALID.
     */
    async listChanges({ organizationId, pageSize, pageToken = '', ...ids }: ListChangesRequest, deadline: number) {
      const subject = subjectOf(ids);
      if (!subject || (ids.userId !== '' && ids.groupId)) {
        throw invalidField('user_id', 'The request names neither a user nor a group, or both.');
      }
      // The page token is the version of the last change shown.
      if (!/^\d{0,15}$/.test(pageToken)) throw pageTokenInvalid();
      const before = pageToken === '' ? Number.MAX_SAFE_INTEGER : Number(pageToken);
      const limit = pageSizeOf(pageSize);
      await organizations.get(organizationId, deadline);
      await changes.flushOutboxes(deadline);
      const found = await changes.list(organizationId, subject, before, limit + 1, deadline);
      const page: Change[] = found.slice(0, limit);
      return { changes: page, nextPageToken: found.length > limit ? String(page.at(-1)?.version) : undefined };
    },
  };
}

/** The user or group that something is about. */
function subjectOf({
  userId,
  groupId,
}: {
  userId?: string | undefined;
  groupId?: string | undefined;
}): ChangedResource | undefined {
  if (groupId) return { groupId };
  return userId ? { userId } : undefined;
}

/** Cuts every text of an activity, so that none that a client sent is stored whole. */
const cut = (activity: Activity): Activity =>
  Object.fromEntries(
    Object.entries(activity).map(([name, value]) => [
      name,
      typeof value === 'string' ? value.slice(0, name.endsWith('Id') ? MAX_ID : MAX_TEXT) : value,
    ]),
  ) as unknown as Activity;
