/** The calls of storage that sign-in makes, each with a title and a function of the deadline. */
import { v7 as uuidv7 } from 'uuid';
import type { User } from '../../proto/gen/userstore/v1/user.js';
import type { StoredSession } from '../../userstore/storage/sessions.js';
import type { ConnectionValues } from '../../userstore/storage/sso-connections.js';
import { type Database, eventOfVersion } from './database.js';

let count = 0;
const now = new Date();
const later = new Date(now.getTime() + 3_600_000);

/** A session of this digest, live for an hour. */
export const storedSession = (digest: string, more: Partial<StoredSession> = {}): StoredSession => ({
  _id: uuidv7(),
  organizationId: 'one',
  userId: 'x',
  digest,
  userEpoch: 0,
  organizationEpoch: 0,
  connectionEpoch: 'x',
  createTime: now,
  lastUseTime: now,
  expireTime: later,
  signInId: 'x',
  ...more,
});

/** The stored values of a connection, with client and domain of this name. */
export const connectionValues = (name: string): ConnectionValues => ({
  issuer: 'https://oakstreet.okta.example',
  clientId: name,
  domains: [`${name}.example`, `${name}.test`],
  required: true,
  sealedSecret: 'sealed',
  sessionEpoch: `epoch of ${name}`,
  updateTime: now,
});

type Call = (deadline: number) => Promise<unknown>;

/** The writes, with the command that each sends. */
export const signInWrites = (of: () => Database): [title: string, command: string, write: Call][] => [
  ['the insert of a session', 'insert', (deadline) => of().sessions.insert(storedSession(`${count++}`), deadline)],
  ['the use of a session', 'update', (deadline) => of().sessions.use(storedSession('x'), now, deadline)],
  ['the end of a session', 'findAndModify', (deadline) => of().sessions.take('nobody', deadline)],
  ['the removal of a session', 'delete', (deadline) => of().sessions.remove('one', 'nobody', deadline)],
  [
    'the insert of a connection',
    'insert',
    (deadline) => of().ssoConnections.insert(`o${count++}`, connectionValues(`c${count}`), eventOfVersion(), deadline),
  ],
  [
    'the replace of a connection',
    'findAndModify',
    (deadline) => of().ssoConnections.replace('nobody', connectionValues('x'), now, eventOfVersion(2), deadline),
  ],
  [
    'the encryption of a secret',
    'update',
    (deadline) => of().ssoConnections.reseal('nobody', 1, 'sealed anew', deadline),
  ],
  [
    'the removal of a connection',
    'findAndModify',
    (deadline) => of().ssoConnections.delete('nobody', eventOfVersion(2), deadline),
  ],
  ['the use of a key', 'insert', (deadline) => of().usedKeys.use(`key ${count++}`, later, deadline)],
  [
    'the end of all sessions',
    'findAndModify',
    (deadline) => of().organizations.endSessions('first', eventOfVersion(2), deadline),
  ],
];

/** The reads, of a user of the organization "one". */
export const signInReads = (of: () => Database, user: User): [title: string, read: Call][] => {
  const alive = { now, usedSince: new Date(0) };
  const link = { issuer: 'https://oakstreet.okta.example', subject: 'x' };
  return [
    ['a session', (deadline) => of().sessions.find('digest', deadline)],
    [
      'the sessions of an organization',
      (deadline) => of().sessions.list({ organizationId: 'one' }, alive, '', 100, deadline),
    ],
    [
      'the sessions of a user',
      (deadline) => of().sessions.list({ organizationId: 'one', userId: user.id }, alive, '', 100, deadline),
    ],
    ['the user who is linked to a subject', (deadline) => of().users.findLinked('one', link, deadline)],
    ['the user of a name', (deadline) => of().users.findByName('one', user.userName ?? '', deadline)],
    ['the user with an external id', (deadline) => of().users.findByExternalId('one', user.externalId ?? '', deadline)],
    ['the user with an address', (deadline) => of().users.findByAddress('one', user.emails[0]?.value ?? '', deadline)],
    ['what decides about users', (deadline) => of().users.accessStates('one', [user.id, 'nobody'], deadline)],
    ['what decides about an organization', (deadline) => of().organizations.access('first', deadline)],
    ['the connection of an organization', (deadline) => of().ssoConnections.get('first', deadline)],
    ['the connection with a domain', (deadline) => of().ssoConnections.findByDomain('first.test', deadline)],
    ['the connection of a client', (deadline) => of().ssoConnections.findByClient(link.issuer, 'x', deadline)],
    ['the connections to an issuer', (deadline) => of().ssoConnections.findByIssuer(link.issuer, 100, deadline)],
  ];
};
