/** A user as text for people: first what support asks, then the attributes. */
import { attributeValueIn } from '../../proto/attribute-value.js';
import type { Change } from '../../proto/gen/userstore/v1/change.js';
import type { Address, TypedValue, User } from '../../proto/gen/userstore/v1/user.js';
import { kindOf, personOf } from './activity-text.js';
import type { Printable } from './printer.js';
import { aligned } from './tables.js';
import { second } from './times.js';
import { obstacleOf, type UserFacts } from './user-facts.js';

/** Longest value that is shown whole, such as a photo, in characters. */
const MAX_VALUE = 200;

/** Returns the user with the facts about them, one line each. */
export function userText(facts: UserFacts): Printable {
  const { user, sessions, lastSignIn, refusedSignIn, lastChange } = facts;
  const obstacle = obstacleOf(facts);
  return aligned([
    ['User name', user.userName ?? '-'],
    ['User ID', user.id],
    ['State', stateOf(user)],
    ['May sign in', obstacle === undefined ? 'yes' : `no: ${obstacle}`],
    ['External ID', user.externalId ?? '-'],
    ['Linked account', linkText(facts)],
    ['Last sign-in', lastSignIn ? second(lastSignIn.time) : 'none is recorded'],
    ...(refusedSignIn ? [['Refused since', `${second(refusedSignIn.time)}: ${refusedSignIn.detail ?? '-'}`]] : []),
    ['Sessions', sessions.length === 0 ? 'none' : `${sessions.length} live`],
    ['Last change', lastChange ? lastChangeText(lastChange) : 'none is recorded'],
    ...(lastChange?.attributes ?? []).map(({ name, before, after }) => [
      '',
      `${name}: ${plainText(before)} → ${plainText(after)}`,
    ]),
    ['Created', second(user.createTime)],
    ['Groups', user.groups.map(({ groupId, displayName }) => displayName ?? groupId).join(', ') || 'none'],
    ...attributeRows(user),
  ]);
}

const stateOf = ({ active, locked }: User) => {
  const state = active ? 'active' : 'disabled';
  return locked ? `${state}, locked ${second(locked.time)} by ${locked.by}: ${locked.reason}` : state;
};

function linkText({ linkedIdentity, connection }: UserFacts): string {
  if (!linkedIdentity) return 'none yet: the first sign-in links it';
  const { issuer, subject } = linkedIdentity;
  const isFormer = connection !== undefined && connection.issuer !== issuer;
  return `${subject} at ${issuer}${isFormer ? ', a former issuer: the next sign-in links again' : ''}`;
}

function lastChangeText(change: Change): string {
  const { actor } = change;
  const request = actor?.requestId ? `, request ${actor.requestId}` : '';
  return `${second(change.time)} ${kindOf(change)} by ${personOf(change) || '-'}${request}`;
}

/** Returns a value of a change without the signs of JSON: "work, primary", "issuer https://…, subject 00u…". */
const plainText = (json: string | undefined) =>
  json === undefined ? 'none' : shortened(withoutSigns(attributeValueIn(json)));

function withoutSigns(value: unknown): string {
  if (Array.isArray(value)) return value.map(withoutSigns).join('; ');
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .map(([name, part]) => `${name} ${withoutSigns(part)}`)
    .join(', ');
}

/** Fields with rows of their names above, or none. */
const SHOWN = new Set(['id', 'organizationId', 'etag', 'createTime', 'updateTime', 'userName', 'externalId', 'active']);
const OTHER_FORM = new Set(['groups', 'locked', 'extensionAttributes']);

function attributeRows({ extensionAttributes, ...user }: User): string[][] {
  const rows = Object.entries(user)
    .filter(([field]) => !SHOWN.has(field) && !OTHER_FORM.has(field))
    .flatMap(([field, value]) => rowsOf(labelOf(field), value));
  const extensions = extensionAttributes.map(({ schema, name, valueJson = '' }) => [
    `${schema}:${name}`,
    shortened(valueJson),
  ]);
  return [...rows, ...extensions];
}

function rowsOf(label: string, value: unknown): string[][] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value.map((element: TypedValue | Address) => [label, elementText(element)]);
  if (typeof value !== 'object') return [[label, shortened(String(value))]];
  return Object.entries(value).flatMap(([field, part]) => rowsOf(`${label}: ${labelOf(field).toLowerCase()}`, part));
}

/** Returns an element of a list: "ana@oakstreet.example (work, primary)". */
function elementText({ type, primary, ...values }: TypedValue | Address): string {
  const { formatted, value, display, ...parts } = values as Partial<TypedValue & Address>;
  const given = Object.values(parts).filter((part) => part !== undefined);
  const text = value ?? formatted ?? (given.join(', ') || '-');
  const notes = [display, type, ...(primary ? ['primary'] : [])].filter((note) => note !== undefined);
  return notes.length === 0 ? shortened(text) : `${shortened(text)} (${notes.join(', ')})`;
}

const shortened = (text: string) =>
  text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE)}… ${text.length} characters` : text;

/** Returns a field's name as words: "Nick name" for `nickName`. */
const labelOf = (field: string) => {
  const words = field.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return words.charAt(0).toUpperCase() + words.slice(1);
};
