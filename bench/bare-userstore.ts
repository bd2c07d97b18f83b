/** The userstore of the bare chain: one driver call per RPC. METHOD in report.ts lists the omissions. */
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { mongo } from 'mongoose';
import { User } from '../proto/gen/userstore/v1/user.js';
import { type UserServiceServer, UserServiceService } from '../proto/gen/userstore/v1/user_service.js';
import type { UserDocument } from '../userstore/storage/directory-schemas.js';

const client = new mongo.MongoClient(process.env.MONGODB_URI ?? '', {
  writeConcern: { w: 'majority', journal: true },
  readConcern: { level: 'local' },
});
const collection = client.db().collection<UserDocument>('users');
/** A document that the product created. Documents created here have the same fields. */
const template = (await collection.findOne({})) ?? undefined;
if (!template) throw new Error('there are no users yet');

/** The stored fields of the look-ups. */
const KEYS: Record<string, string> = {
  user_name: 'userNameKey',
  external_id: 'externalId',
  'emails.value': 'emails.valueKey',
};

/** Uses assign, not spread: V8 makes dictionaries of large spreads, whose encoding takes three times as long. */
const toUser = (document: UserDocument): User =>
  Object.assign(User.fromPartial({}), document as Partial<User>, { id: document._id });
const found = (document: UserDocument | null): User => {
  if (document) return toUser(document);
  throw new Error('there is no such user');
};

const handlers = {
  getUser({ request: { organizationId, userId } }, callback) {
    collection
      .findOne({ _id: userId, organizationId })
      .then((user) => callback(null, { user: found(user), linkedIdentity: undefined }), callback);
  },
  listUsers({ request: { organizationId, filter, pageSize = 100 } }, callback) {
    if (filter?.expression?.$case === 'comparison') {
      const { field, value } = filter.expression.value;
      collection
        .findOne({ organizationId, [KEYS[field] ?? '']: value?.kind?.value })
        .then((user) => callback(null, { users: [found(user)], totalSize: 1, eventCursor: '' }), callback);
      return;
    }
    collection
      .find({ organizationId })
      .sort({ _id: 1 })
      .limit(pageSize)
      .toArray()
      .then((page) => callback(null, { users: page.map(toUser), totalSize: page.length, eventCursor: '' }), callback);
  },
  createUser({ request: { organizationId, user } }, callback) {
    const userName = user?.userName ?? '';
    const emails = [{ ...template.emails?.[0], value: userName, valueKey: userName }];
    const keys = { _id: randomUUID(), organizationId, userName, userNameKey: userName, visibleName: userName };
    const document = { ...template, ...keys, externalId: user?.externalId, emails } as UserDocument;
    collection.insertOne(document).then(() => callback(null, { user: toUser(document) }), callback);
  },
  patchUser({ request: { organizationId, userId, operations } }, callback) {
    const change = { $set: { active: operations[0]?.value?.active, updateTime: new Date() }, $inc: { version: 1 } };
    collection
      .findOneAndUpdate({ _id: userId, organizationId }, change as never, { returnDocument: 'after' })
      .then((user) => callback(null, { user: found(user) }), callback);
  },
} satisfies Partial<UserServiceServer>;

const server = new Server();
server.addService(UserServiceService, handlers);
const address = process.env.USERSTORE_ADDRESS ?? '';
await promisify(server.bindAsync.bind(server))(address, ServerCredentials.createInsecure());
process.send?.('ready');
for (const event of ['SIGTERM', 'SIGINT', 'disconnect']) {
  process.on(event, () => {
    server.forceShutdown();
    client.close().catch(() => undefined);
    if (process.connected) process.disconnect();
  });
}
