/** Stores users, groups and memberships straight in the database, in the form that userstore stores. */
import { mongo } from 'mongoose';
import { v7 as uuidv7 } from 'uuid';
import { Group } from '../../proto/gen/userstore/v1/group.js';
import { User } from '../../proto/gen/userstore/v1/user.js';
import { NEW_ACCESS_STATE, toDocument } from '../../userstore/storage/documents.js';
import { toGroupDocument } from '../../userstore/storage/group-documents.js';

const BATCH = 5000;
const BATCH_OF_LARGE = 20;

/** The content to store: `user` and `group` make the fields of each by its number; `members` are stored in every group. */
export interface Seed {
  users: number;
  user?: (index: number) => Partial<User>;
  groups?: number;
  group?: (index: number) => { displayName: string };
  /** The number of users that are members of each group, from the first. */
  members?: number;
  isLarge?: boolean;
}

/** Stores them; returns their ids. */
export async function seed(mongodbUri: string, organizationId: string, wanted: Seed) {
  const { users, user = () => ({}), groups = 0, group = nameOf, members = 0, isLarge = false } = wanted;
  const client = new mongo.MongoClient(mongodbUri);
  const createTime = new Date(Date.now() - 86_400_000);
  const times = { createTime, updateTime: createTime };
  const insert = async (name: string, count: number, documentOf: (index: number) => object) => {
    const size = isLarge ? BATCH_OF_LARGE : BATCH;
    for (let from = 0; from < count; from += size) {
      const documents = Array.from({ length: Math.min(size, count - from) }, (_, index) => documentOf(from + index));
      await client.db().collection(name).insertMany(documents);
    }
  };
  try {
    const userIds = Array.from({ length: users }, () => uuidv7());
    const groupIds = Array.from({ length: groups }, () => uuidv7());
    await insert('users', users, (index) => {
      const fields = User.fromPartial({ ...personOf(index), ...user(index) });
      return toDocument({ ...fields, ...times, id: userIds[index] ?? '', organizationId }, 1, NEW_ACCESS_STATE);
    });
    await insert('groups', groups, (index) => {
      const fields = Group.fromPartial(group(index));
      return toGroupDocument({ ...fields, ...times, id: groupIds[index] ?? '', organizationId }, 1);
    });
    await insert('memberships', groups * members, (index) => ({
      organizationId,
      groupId: groupIds[Math.floor(index / members)],
      userId: userIds[index % members],
    }));
    return { userIds, groupIds };
  } finally {
    await client.close();
  }
}

const nameOf = (index: number) => ({ displayName: `Group ${index}` });

const personOf = (index: number) => ({
  userName: `ana.bell.${index}@bench.example`,
  active: true,
  displayName: `Ana Bell ${index}`,
  title: 'Leasing Agent',
  name: { givenName: 'Ana', familyName: `Bell ${(index * 7919) % 100_003}` },
});
