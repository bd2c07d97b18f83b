/** The documents that the service leaves after a creation through the edge: check.ts compares them with real ones. */
import { v7 as uuidv7 } from 'uuid';
import type { JsonObject } from '../../edge/scim/json.js';
import { userSteps } from '../../edge/scim/user.js';
import { Activity } from '../../proto/gen/userstore/v1/activity_service.js';
import type { Actor } from '../../proto/gen/userstore/v1/actor.js';
import { Group } from '../../proto/gen/userstore/v1/group.js';
import type { User } from '../../proto/gen/userstore/v1/user.js';
import { changeBetween, groupChange } from '../../userstore/model/changes.js';
import { normalize as normalizeGroup } from '../../userstore/model/group.js';
import { normalize } from '../../userstore/model/user.js';
import { toActivityDocument } from '../../userstore/storage/activities.js';
import { toChangeDocument } from '../../userstore/storage/changes.js';
import type {
  GroupDocument,
  MembershipDocument,
  OutboxEntry,
  StoredDocument,
  UserDocument,
} from '../../userstore/storage/directory-schemas.js';
import { NEW_ACCESS_STATE, toDocument } from '../../userstore/storage/documents.js';
import { eventsIn } from '../../userstore/storage/event-documents.js';
import type { NewEvent } from '../../userstore/storage/event-schemas.js';
import { toNewGroupDocument } from '../../userstore/storage/group-documents.js';
import type { ActivityDocument, ChangeDocument } from '../../userstore/storage/history-schemas.js';
import type { Owner } from './organizations.js';

/** The default ages of activities and changes. */
const ACTIVITY_DAYS = 90;
/** The members that a change of a group names. */
const RECORDED = 100;
const DURATION_MS = 12;

/** A creation: the documents by collection; events have no position yet. */
export interface Creation {
  users: UserDocument[];
  groups: GroupDocument[];
  memberships: MembershipDocument[];
  changes: ChangeDocument[];
  events: NewEvent[];
  activities: ActivityDocument[];
}

/** Parses a user without a pause. */
function userIn(body: JsonObject): User {
  const steps = userSteps(body);
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** Returns the creation of a user by Okta's body. */
export function userCreation(owner: Owner, body: object, createTime: Date): Creation & { users: [UserDocument] } {
  const { organizationId } = owner;
  const { id, actor } = requestOf(owner, createTime);
  const times = { createTime, updateTime: createTime };
  const given = userIn(body as JsonObject);
  const user = normalize({ ...given, id, organizationId, etag: '', ...times, groups: [] });
  user.active ??= true;
  const change = changeBetween(undefined, user, 1, createTime, actor);
  const document = toDocument(user, 1, NEW_ACCESS_STATE);
  const { userName } = user;
  return {
    ...history(owner, document, [change], { path: '/Users', userId: id, userName }, actor),
    users: [document],
    groups: [],
    memberships: [],
  };
}

/** Returns the creation of a group with these members. */
export function groupCreation(owner: Owner, displayName: string, memberIds: string[], createTime: Date): Creation {
  const { organizationId } = owner;
  const { id, actor } = requestOf(owner, createTime);
  const given = Group.fromPartial({ displayName });
  const times = { createTime, updateTime: createTime };
  const group = normalizeGroup({ ...given, id, organizationId, etag: '', ...times });
  const difference = { added: memberIds.slice(0, RECORDED), removed: [] };
  const change = groupChange(undefined, group, createTime, actor, difference);
  const { unmoved = [], ...document } = toNewGroupDocument(group, change, memberIds);
  return {
    ...history(owner, document, unmoved, { path: '/Groups', groupId: id, groupName: displayName }, actor),
    users: [],
    groups: [document],
    memberships: memberIds.map((userId) => ({ organizationId, groupId: id, userId })),
  };
}

/** Returns ids of this time: of the resource, and of the request that creates it. */
function requestOf({ apiTokenId }: Owner, time: Date): { id: string; actor: Actor } {
  const msecs = time.getTime();
  return {
    id: uuidv7({ msecs }),
    actor: { caller: 'edge', apiTokenId, requestId: uuidv7({ msecs }), person: undefined },
  };
}

type Subject = Pick<Activity, 'path'> & Partial<Activity>;

/** Returns the changes, the events and the activity that remain after the outbox of the document was flushed. */
function history(owner: Owner, document: StoredDocument, outbox: OutboxEntry[], subject: Subject, actor: Actor) {
  const { organizationId, apiTokenId, apiTokenLabel } = owner;
  const request = { id: actor.requestId, time: document.createTime, method: 'POST', status: 201 };
  const activity = { ...subject, ...request, organizationId, apiTokenId, apiTokenLabel, durationMs: DURATION_MS };
  return {
    changes: outbox.map((entry) => toChangeDocument(organizationId, entry, ACTIVITY_DAYS)),
    events: eventsIn({ ...document, unmoved: outbox }),
    activities: [toActivityDocument(Activity.fromPartial(activity), ACTIVITY_DAYS)],
  };
}
