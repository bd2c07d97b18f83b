/** Organizations with users, groups, requests and events in bulk: the documents that userstore would leave. */
import { mongo } from 'mongoose';
import { v7 as uuidv7 } from 'uuid';
import { User } from '../../proto/gen/userstore/v1/user.js';
import { EVENT_TYPES } from '../../userstore/model/event-types.js';
import type { GroupDocument, MembershipDocument, UserDocument } from '../../userstore/storage/directory-schemas.js';
import { NEW_ACCESS_STATE, toDocument } from '../../userstore/storage/documents.js';
import { encodedUser } from '../../userstore/storage/event-documents.js';
import type { EventDocument } from '../../userstore/storage/event-schemas.js';
import { toGroupDocument } from '../../userstore/storage/group-documents.js';
import type { ActivityDocument } from '../../userstore/storage/history-schemas.js';
import { createOwners, untilMoved } from '../bulk/organizations.js';

const BATCH = 2000;
const DAY_MS = 86_400_000;
/** The first organization has one user of this number, the others share the rest. */
const SHARE_OF_LARGEST = 10;
/** One request of this number failed, one event of this number is an act of a person. */
const FAILED = 20;
const BY_STAFF = 100;
const MEMBERS = 200;
const NAMES = ['Ana Ruiz', 'Ben Okoye', 'Chloe Martin', 'Dev Patel', 'Elif Kaya', 'Farid Haddad', 'Grace Lin'];

/** The subjects of the pages: the largest organization and another one, and things in the largest one. */
export interface Loaded {
  largest: string;
  other: string;
  user: { id: string; userName: string };
  groupId: string;
  requestId: string;
  secretSuffix: string;
}

/** Creates organizations with tokens through the service. Returns their ids, and the last four of a token. */
export async function createOrganizations(address: string, count: number): Promise<[ids: string[], suffix: string]> {
  const owners = await createOwners(address, count, (index) => `${NAMES[index % NAMES.length]} Homes ${index}`);
  return [owners.map(({ organizationId }) => organizationId), owners[0].secret.slice(-4)];
}

/** Stores users, each with a request, an event and perhaps a membership, in collections with all their indexes. */
export async function load(mongodbUri: string, ids: string[], suffix: string, users: number): Promise<Loaded> {
  const client = new mongo.MongoClient(mongodbUri);
  const database = client.db();
  try {
    const events = database.collection<EventDocument>('events');
    await untilMoved(database);
    const newest = await events.findOne({}, { sort: { _id: -1 } });
    const position = (newest?._id ?? 0) + 1;
    const first = Date.now() - users * 1000 - 3_600_000;
    const [largest = '', other = largest] = ids;
    const ownerOf = (index: number) =>
      index % SHARE_OF_LARGEST === 0 ? largest : (ids[index % ids.length] ?? largest);
    const group = groupDocument(largest);
    await database.collection<GroupDocument>('groups').insertOne(group);
    let loaded = { largest, other, user: { id: '', userName: '' }, groupId: group._id, requestId: '' };
    for (let from = 0; from < users; from += BATCH) {
      const indexes = Array.from({ length: Math.min(BATCH, users - from) }, (_, index) => from + index);
      const made = indexes.map((index) => userAt(ownerOf(index), index, new Date(first + index * 1000)));
      const activities = made.map((user, index) => activityOf(user, from + index));
      await Promise.all([
        database
          .collection<UserDocument>('users')
          .insertMany(made.map((user) => toDocument(user, 1, NEW_ACCESS_STATE))),
        database.collection<ActivityDocument>('activities').insertMany(activities),
        events.insertMany(made.map((user, index) => eventOf(user, from + index, position))),
        ...(from < MEMBERS * SHARE_OF_LARGEST ? [insertMembers(database, group, made)] : []),
      ]);
      const [user] = made;
      const { id = '', userName = '' } = user ?? {};
      loaded = { ...loaded, user: { id, userName }, requestId: activities[0]?._id ?? '' };
      process.stderr.write(`\r${from + indexes.length} users`);
    }
    process.stderr.write('\n');
    return { ...loaded, secretSuffix: suffix };
  } finally {
    await client.close();
  }
}

function userAt(organizationId: string, index: number, createTime: Date): User {
  const displayName = NAMES[index % NAMES.length] ?? '';
  const [givenName = '', familyName = ''] = displayName.split(' ');
  const userName = `${displayName.toLowerCase().replace(' ', '.')}.${index}@bench.example`;
  return User.fromPartial({
    id: uuidv7({ msecs: createTime.getTime() }),
    organizationId,
    userName,
    displayName,
    name: { givenName, familyName },
    externalId: `00u1abcdEFGH${index}`,
    active: index % 7 !== 0,
    title: 'Leasing agent',
    emails: [{ value: userName, type: 'work', primary: true }],
    createTime,
    updateTime: createTime,
  });
}

const expiryOf = (time: Date) => new Date(time.getTime() + 400 * DAY_MS);

function activityOf({ id: userId, organizationId, userName = '', createTime }: User, index: number): ActivityDocument {
  const time = createTime as Date;
  const isFailed = index % FAILED === 0;
  return {
    _id: uuidv7({ msecs: time.getTime() }),
    organizationId,
    time,
    method: 'POST',
    path: '/Users',
    userId,
    userName,
    userNameKey: userName,
    status: isFailed ? 409 : 201,
    durationMs: 12,
    expireTime: expiryOf(time),
    ...(isFailed ? { scimType: 'uniqueness', detail: `userName is already used: ${index % 50}` } : {}),
  } as ActivityDocument;
}

function eventOf(user: User, index: number, position: number): EventDocument {
  const { id, organizationId, createTime } = user;
  const time = createTime as Date;
  const isStaff = index % BY_STAFF === 0;
  return {
    _id: position + index,
    key: `${id}/1`,
    organizationId,
    type: isStaff ? EVENT_TYPES.userLocked : EVENT_TYPES.created,
    time,
    resourceType: 'User',
    resourceId: id,
    version: 1,
    actor: { caller: isStaff ? 'console' : 'edge', requestId: id, ...(isStaff ? { person: `ana.${index % 10}` } : {}) },
    changes: [{ name: 'userName', after: JSON.stringify(user.userName) }],
    resource: encodedUser(user),
    complete: true,
    recordTime: time,
    expireTime: expiryOf(time),
  } as EventDocument;
}

function groupDocument(organizationId: string): GroupDocument {
  const createTime = new Date();
  const group = { id: uuidv7(), organizationId, displayName: 'Leasing', createTime, updateTime: createTime };
  return toGroupDocument({ ...group, externalId: undefined, etag: '' } as never, 1);
}

async function insertMembers(database: mongo.Db, { _id: groupId, organizationId }: GroupDocument, users: User[]) {
  const members = users.filter((user) => user.organizationId === organizationId);
  const memberships = members.map(({ id: userId }) => ({ organizationId, groupId, userId }));
  await database.collection<MembershipDocument>('memberships').insertMany(memberships);
}
