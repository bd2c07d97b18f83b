/** Activities and changes as text for people: one line each, followed by the refusal or the changed attributes. */
import type { Activity } from '../../proto/gen/userstore/v1/activity_service.js';
import { type AttributeChange, type Change, Change_Kind } from '../../proto/gen/userstore/v1/change.js';
import { joinedLines, type Printable, printable } from './printer.js';

/** Methods of requests that carry an API token. */
const scimMethods = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']);

/** Returns a request, the reason if it was refused, and its changes. */
export function activityText(activity: Activity): Printable {
  const { id, method, path, status, durationMs, apiTokenLabel, scimType, detail, userName, change } = activity;
  const none = status === 401 && scimMethods.has(method) ? 'token refused' : '-';
  const token = apiTokenLabel === undefined ? none : `"${apiTokenLabel}"`;
  const line = [second(activity.time), status, method.padEnd(6), path, `${durationMs} ms`, token, id].join('  ');
  const name = userName === undefined ? [] : [`userName: ${userName}`];
  const refusal = detail === undefined ? [] : [scimType === undefined ? detail : `${scimType}: ${detail}`];
  return indented(line, [...(change ? [] : name), ...refusal, ...(change ? attributeLines(change) : [])]);
}

/** Returns a change, its actor, and the values before and after. */
export function changeText(change: Change): Printable {
  const { version, kind, actor } = change;
  const done = Change_Kind[kind].replace('KIND_', '').toLowerCase();
  const who = [actor?.caller, actor?.person].filter((name) => name !== undefined).join(': ');
  const line = [second(change.time), `version ${version}`, done, who, actor?.requestId ?? '-'].join('  ');
  return indented(line, attributeLines(change));
}

const attributeLines = ({ attributes }: Change) => attributes.map(attributeLine);

const attributeLine = ({ name, before = 'none', after = 'none' }: AttributeChange) => `${name}: ${before} → ${after}`;

const indented = (line: string, below: string[]) =>
  joinedLines([printable`${line}`, ...below.map((text) => printable`    ${text}`)]);

const second = (time: Date | undefined) => time?.toISOString().slice(0, 19).replace('T', ' ') ?? '-';
