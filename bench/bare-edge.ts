/** The edge of the bare chain: Express, one gRPC call, a prepared answer. METHOD in report.ts lists the omissions. */
import { credentials } from '@grpc/grpc-js';
import express, { type Response } from 'express';
import { equal } from '../client/filters.js';
import { User } from '../proto/gen/userstore/v1/user.js';
import { PatchOperation_Verb, UserServiceClient } from '../proto/gen/userstore/v1/user_service.js';
import { ENTERPRISE_USER, LOOKUPS, type Operation } from './operations.js';
import { readWorld } from './world.js';

const USERS = '/:organizationId/scim/v2/Users';
/** The field of each look-up. The bare chain treats any e-mail as a work e-mail. */
const FIELDS = [
  ['lookup', 'user_name'],
  ['by-external-id', 'external_id'],
  ['by-email', 'emails.value'],
  ['by-work-email', 'emails.value'],
] as const;
const { answers } = await readWorld();
const users = new UserServiceClient(process.env.USERSTORE_ADDRESS ?? '', credentials.createInsecure());

const answer = (response: Response, operation: Operation, status: number) => (error: unknown) => {
  if (error) response.status(500).send(String(error));
  else response.status(status).type('application/scim+json').send(answers[operation]);
};

const app = express();
app.disable('x-powered-by');
app.disable('etag');
app.use(express.json({ type: 'application/scim+json' }));

app.get(`${USERS}/:id`, ({ params: { organizationId, id } }, response) => {
  users.getUser({ organizationId, userId: id }, answer(response, 'get', 200));
});
app.get(USERS, ({ params: { organizationId }, query }, response) => {
  const text = String(query.filter);
  const lookup = FIELDS.find(([operation]) => text.startsWith(LOOKUPS[operation]));
  const value = /"([^"]*)"$/.exec(text)?.[1];
  const page = { organizationId, skip: 0, order: undefined, pageSize: 100 };
  if (!lookup || value === undefined) {
    users.listUsers({ ...page, filter: undefined }, answer(response, 'list', 200));
    return;
  }
  const [operation, field] = lookup;
  users.listUsers({ ...page, filter: equal(field, value) }, answer(response, operation, 200));
});
app.post(USERS, ({ params: { organizationId }, body }, response) => {
  const user = Object.assign(User.fromPartial({}), body, { enterprise: body[ENTERPRISE_USER] });
  users.createUser({ organizationId, actor: undefined, user }, answer(response, 'create', 201));
});
app.patch(`${USERS}/:id`, ({ params: { organizationId, id }, body }, response) => {
  const value = User.fromPartial({ active: body.Operations[0].value.active });
  const operation = {
    verb: PatchOperation_Verb.VERB_REPLACE,
    field: 'active',
    element: undefined,
    extension: undefined,
    value,
  };
  const request = { organizationId, actor: undefined, userId: id, operations: [operation] };
  users.patchUser(request, answer(response, 'patch', 200));
});

const server = app.listen(Number(process.env.PORT), '127.0.0.1', () => process.send?.('ready'));
for (const event of ['SIGTERM', 'SIGINT', 'disconnect']) {
  process.on(event, () => {
    server.close();
    server.closeAllConnections();
    users.close();
    if (process.connected) process.disconnect();
  });
}
