/**
 * The rules of activities and changes: recording the requests of identity providers, and listing them with their
 * changes.
 */
import type {
  Activity,
  ListActivitiesRequest,
  ListActivitiesResponse,
  ListChangesRequest,
  ListChangesResponse,
} from '../../proto/gen/userstore/v1/activity_service.js';
import { Change } from '../../proto/gen/userstore/v1/change.js';
import { readBounded } from '../model/bounded-read.js';
import { invalidField } from '../model/domain-error.js';
import { pageOf, pageSizeOf, RECORD_PAGES, recordPosition, recordToken } from '../model/paging.js';
import type { ActivityStorage } from '../storage/activities.js';
import type { ActivityNames } from '../storage/activity-names.js';
import type { ChangedResource, ChangeStorage } from '../storage/changes.js';
import { withNames } from './activity-names.js';
import type { OrganizationRules } from './organizations.js';

/** Activities of one call, and so the bytes that userstore holds for it; the edge sends no more. */
const MAX_ACTIVITIES = 500;
const REQUEST_ID = '[\\da-f]{8}(?:-[\\da-f]{4}){3}-[\\da-f]{12}';
const ID = new RegExp(`^${REQUEST_ID}(\\.\\d{4})?$`);
/** Longest path and detail that are stored, in characters. */
const MAX_TEXT = 1000;
/** Longest part of a path that a search names. */
const MAX_PATH_PART = 200;
/** Longest id of a user, a group or a token: MongoDB would index longer text too. */
const MAX_ID = 100;

/** Activities whose changes are looked up at a time. */
const LOOK_UP_BATCH = 100;
/** The most bytes of the changes of a page of activities. */
const MAX_CHANGES_BYTES = 16 * 1024 * 1024;

/** The storages of activities and changes, and the rules of organizations. `deadline` is in epoch milliseconds. */
export interface ActivityContext {
  activities: ActivityStorage;
  names: ActivityNames;
  changes: ChangeStorage;
  organizations: OrganizationRules;
}

/** Stores activities; ignores those of organizations that do not exist. Throws FIELD_INVALID. */
async function recordActivities(
  { activities, names, organizations }: ActivityContext,
  given: readonly Activity[],
  deadline: number,
): Promise<void> {
  if (given.length > MAX_ACTIVITIES) throw invalidField('activities', `There are more than ${MAX_ACTIVITIES}.`);
  for (const { id, organizationId, time } of given) {
    if (!ID.test(id) || organizationId === '' || !time) {
      throw invalidField('activities', 'An activity has an id, an organization and a time.');
    }
  }
  const organizationIds = await existing(organizations, given, deadline);
  const stored = given.filter(({ organizationId }) => organizationIds.has(organizationId));
  if (stored.length === 0) return;
  await activities.insert(await withNames(names, stored.map(cut), deadline), deadline);
}

/**
 * Returns the organizations of these activities that exist. An activity with an API token proves that its organization
 * does.
 */
async function existing(
  organizations: OrganizationRules,
  given: readonly Activity[],
  deadline: number,
): Promise<Set<string>> {
  const known = new Set(given.filter(({ apiTokenId }) => apiTokenId).map(({ organizationId }) => organizationId));
  const unknown = new Set(given.map(({ organizationId }) => organizationId).filter((id) => !known.has(id)));
  for (const id of unknown) if (await organizations.find(id, deadline)) known.add(id);
  return known;
}

/**
 * Lists activities with their changes, newest first; of all organizations, or those in `held`, if the request says so.
 * Throws ORGANIZATION_NOT_FOUND, PAGE_TOKEN_INVALID, FIELD_INVALID.
 */
async function listActivities(
  { activities, names, changes, organizations }: ActivityContext,
  request: ListActivitiesRequest,
  deadline: number,
  held: readonly string[] | undefined,
): Promise<ListActivitiesResponse> {
  const { organizationId, pageToken, pageSize, pathPart = '' } = request;
  if (pathPart.length > MAX_PATH_PART) {
    throw invalidField('path_part', `It must have at most ${MAX_PATH_PART} characters.`);
  }
  const [before = ''] = recordPosition('activities', pageToken) ?? [];
  const limit = pageSizeOf(pageSize, RECORD_PAGES);
  const { allOrganizations = false } = request;
  if (!allOrganizations) await organizations.get(organizationId, deadline);
  else if (organizationId !== '') throw invalidField('organization_id', 'It is "" for all organizations.');
  await changes.flushOutboxes(deadline);
  const found = await activities.list(request, before, limit + 1, deadline, held);
  const { items, last } = pageOf(found.activities, limit);
  const named = await withNames(names, items, deadline);
  const changed = allOrganizations ? named : withChanges(changes, organizationId, named, deadline);
  const sizes = { sizeOf: changeSizeOf, maxBytes: MAX_CHANGES_BYTES };
  const { items: shown, hasMore } = await readBounded(changed, items.length, (activity) => activity, sizes);
  const end = hasMore ? shown.at(-1)?.id : (last?.id ?? found.end);
  return { activities: shown, nextPageToken: recordToken('activities', end === undefined ? undefined : [end]) };
}

/** A request that the edge refused for its content (4xx) has changed nothing. */
const mayHaveChanged = ({ status }: Activity) => status < 400 || status >= 500;

/** Yields these activities, each with its change. Looks changes up only as it is consumed. */
async function* withChanges(
  changes: ChangeStorage,
  organizationId: string,
  found: readonly Activity[],
  deadline: number,
): AsyncGenerator<Activity> {
  for (let start = 0; start < found.length; start += LOOK_UP_BATCH) {
    const some = found.slice(start, start + LOOK_UP_BATCH);
    const made = await changesOf(changes, organizationId, some.filter(mayHaveChanged), deadline);
    for (const activity of some) {
      yield { ...activity, change: made.get(`${activity.id} ${activity.groupId ?? activity.userId}`) };
    }
  }
}

const changeSizeOf = ({ change }: Activity): number => (change ? Change.encode(change).finish().length : 0);

/** Returns the changes that these activities made, by request id and user or group id. */
async function changesOf(changes: ChangeStorage, organizationId: string, found: readonly Activity[], deadline: number) {
  const subjects = found.map(subjectOf).filter((subject) => subject !== undefined);
  const requestIds = found.map(({ id }) => id);
  const made = subjects.length === 0 ? [] : await changes.ofRequests(organizationId, subjects, requestIds, deadline);
  return new Map(made.map((change) => [`${change.actor?.requestId} ${change.groupId ?? change.userId}`, change]));
}

/**
 * Lists the changes of a user or a group, newest first. Throws ORGANIZATION_NOT_FOUND, PAGE_TOKEN_INVALID,
 * FIELD_INVALID.
 */
async function listChanges(
  { changes, organizations }: ActivityContext,
  { organizationId, pageSize, pageToken, ...ids }: ListChangesRequest,
  deadline: number,
): Promise<ListChangesResponse> {
  const subject = subjectOf(ids);
  if (!subject || (ids.userId !== '' && ids.groupId)) {
    throw invalidField('user_id', 'The request names neither a user nor a group, or both.');
  }
  const [before = Number.MAX_SAFE_INTEGER] = recordPosition('changes', pageToken) ?? [];
  const limit = pageSizeOf(pageSize, RECORD_PAGES);
  await organizations.get(organizationId, deadline);
  await changes.flushOutboxes(deadline);
  const { items, hasMore } = await changes.list(organizationId, subject, before, limit, deadline);
  const last = hasMore ? items.at(-1) : undefined;
  return { changes: items, nextPageToken: recordToken('changes', last && [last.version]) };
}

/** The rules of activities and changes. */
export type ActivityRules = ReturnType<typeof createActivityRules>;

/** Binds the rules to storages. */
export function createActivityRules(
  activities: ActivityStorage,
  names: ActivityNames,
  changes: ChangeStorage,
  organizations: OrganizationRules,
) {
  const context = { activities, names, changes, organizations };
  return {
    /** Stores activities of organizations that exist. Throws FIELD_INVALID. */
    record: (given: readonly Activity[], deadline: number): Promise<void> => recordActivities(context, given, deadline),

    /** Lists activities with their changes, newest first. Throws as the contract's ListActivities says. */
    list: (
      request: ListActivitiesRequest,
      deadline: number,
      held?: readonly string[],
    ): Promise<ListActivitiesResponse> => listActivities(context, request, deadline, held),

    /** Lists the changes of a user or a group, newest first. Throws as the contract's ListChanges says. */
    listChanges: (request: ListChangesRequest, deadline: number): Promise<ListChangesResponse> =>
      listChanges(context, request, deadline),
  };
}

/** Returns the user or group that an activity or a request names. */
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
function cut(activity: Activity): Activity {
  const entries = Object.entries(activity);
  if (!entries.some(([name, value]) => isTooLong(name, value))) return activity;
  return Object.fromEntries(
    entries.map(([name, value]) => [name, typeof value === 'string' ? value.slice(0, maxLengthOf(name)) : value]),
  ) as unknown as Activity;
}

const isTooLong = (name: string, value: unknown) => typeof value === 'string' && value.length > maxLengthOf(name);
const maxLengthOf = (name: string) => (name.endsWith('Id') ? MAX_ID : MAX_TEXT);
