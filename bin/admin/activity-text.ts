/** Activities and changes as text for people: one line each, followed by the refusal or the changed attributes. */
import type { Activity } from '../../proto/gen/userstore/v1/activity_service.js';
import { type AttributeChange, type Change, Change_Kind } from '../../proto/gen/userstore/v1/change.js';
import { joinedLines, type Printable, printable } from './printer.js';
import { second } from './times.js';

/** Methods of requests that carry an API token. */
const scimMethods = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']);

/** Widths of columns that are printed before all rows are known. */
const WIDTHS = [20, 6, 7, 28, 44, 9, 16];

/** The line above the activities. */
export const ACTIVITY_HEADER: Printable = row([
  'TIME',
  'STATUS',
  'METHOD',
  'USER OR GROUP',
  'PATH',
  'TOOK',
  'API TOKEN',
  'REQUEST',
]);

/** Returns a request, the reason if it was refused, and its changes. */
export function activityText(activity: Activity): Printable {
  const { id, method, path, status, durationMs, apiTokenLabel, scimType, detail, change } = activity;
  const none = status === 401 && scimMethods.has(method) ? 'token refused' : '-';
  const token = apiTokenLabel === undefined ? none : `"${apiTokenLabel}"`;
  const took = `${Math.round(durationMs)} ms`;
  const line = row([second(activity.time), outcomeOf(activity), method, nameOf(activity), path, took, token, id]);
  const refusal = detail === undefined ? [] : [scimType === undefined ? detail : `${scimType}: ${detail}`];
  const kind = change && change.kind !== Change_Kind.KIND_UPDATE ? [`${kindOf(change)}d`] : [];
  return indented(line, [...refusal, ...kind, ...(change ? change.attributes.map(attributeText) : [])]);
}

/** Returns the status; "ok" for a sign-in, whose status says where the browser goes. */
const outcomeOf = ({ method, status }: Activity) => (scimMethods.has(method) || status >= 400 ? String(status) : 'ok');

const nameOf = ({ userName, groupName, groupId, userId }: Activity) =>
  groupName || userName || (groupId ? `group ${groupId}` : userId || '-');

/** Returns a change, its actor, and the values before and after. */
export function changeText(change: Change): Printable {
  const { version, actor } = change;
  const line = [
    second(change.time),
    `version ${version}`,
    kindOf(change),
    personOf(change),
    actor?.requestId ?? '-',
  ].join('  ');
  return indented(printable`${line}`, change.attributes.map(attributeText));
}

/** Returns the kind of a change as a word: "create", "update", "delete". */
export const kindOf = ({ kind }: Change): string => Change_Kind[kind].replace('KIND_', '').toLowerCase();

/** Returns the service that made a change and, if it says so, the person: "admin: ana". */
export const personOf = ({ actor }: Change): string =>
  [actor?.caller, actor?.person].filter((name) => name !== undefined).join(': ');

/** The most characters of a value that a line shows. */
const SHOWN = 1000;
const shown = (text = 'none') => (text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text);

/** Returns an attribute with its values as JSON before and after. */
export const attributeText = ({ name, before, after }: AttributeChange): string =>
  `${name}: ${shown(before)} → ${shown(after)}`;

function row(cells: string[]): Printable {
  const padded = cells.map((cell, column) => cell.padEnd(WIDTHS[column] ?? 0));
  return printable`${padded.join('  ')}`;
}

const indented = (line: Printable, below: string[]) =>
  joinedLines([line, ...below.map((text) => printable`    ${text}`)]);
