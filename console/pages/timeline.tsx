/** The timeline of a user or group. */
import type { JSX } from 'preact';
import type { Actor } from '../../proto/gen/userstore/v1/actor.js';
import { type AttributeChange, type Change, Change_Kind } from '../../proto/gen/userstore/v1/change.js';
import { type Names, userIdsIn } from '../names.js';
import type { Entry } from '../timeline.js';
import { inWords } from '../value-words.js';
import { NamedList } from './named.js';
import { Time, Value } from './text.js';

const KINDS: Partial<Record<Change_Kind, string>> = {
  [Change_Kind.KIND_CREATE]: 'created',
  [Change_Kind.KIND_UPDATE]: 'changed',
  [Change_Kind.KIND_DELETE]: 'deleted',
};
/** Attributes of one change that are listed before the rest is folded. */
const SHOWN = 8;

/** The person or service that caused a change. */
export const actorText = (actor: Actor | undefined): string =>
  [actor?.caller, actor?.person].filter(Boolean).join(', ');

const Attribute = ({ attribute, names }: { attribute: AttributeChange; names: Names }) => {
  const { name, before, after } = attribute;
  const [left, joined] = [userIdsIn(name, before) ?? [], userIdsIn(name, after) ?? []];
  if (left.length + joined.length > 0) return <References name={name} left={left} joined={joined} names={names} />;
  return (
    <li>
      <code>
        <bdi>{name}</bdi>
      </code>
      : {before !== undefined && <Value text={inWords(name, before)} />}
      {(before !== undefined || after === undefined) && ' → '}
      <Value text={after === undefined ? 'no value' : inWords(name, after)} />
    </li>
  );
};

/** The members of a group that joined and left, or the manager before and after. */
function References({
  name,
  left,
  joined,
  names,
}: {
  name: string;
  left: readonly string[];
  joined: readonly string[];
  names: Names;
}) {
  const isOfGroup = name === 'members';
  return (
    <li>
      <code>{name}</code>: {joined.length > 0 && (isOfGroup ? 'joined: ' : 'now ')}
      <NamedList ids={joined} names={names} />
      {joined.length > 0 && left.length > 0 && '; '}
      {left.length > 0 && (isOfGroup ? 'left: ' : 'before ')}
      <NamedList ids={left} names={names} />
    </li>
  );
}

/** The attributes of a change with their values before and after. */
export function Attributes({
  attributes,
  names,
}: {
  attributes: readonly AttributeChange[];
  /** The names behind the ids in the values. */
  names: Names;
}): JSX.Element | null {
  if (attributes.length === 0) return null;
  const rest = attributes.slice(SHOWN);
  return (
    <>
      <ul>
        {attributes.slice(0, SHOWN).map((attribute) => (
          <Attribute attribute={attribute} names={names} />
        ))}
      </ul>
      {rest.length > 0 && (
        <details>
          <summary>{rest.length} more</summary>
          <ul>
            {rest.map((attribute) => (
              <Attribute attribute={attribute} names={names} />
            ))}
          </ul>
        </details>
      )}
    </>
  );
}

const ChangeText = ({ change, names }: { change: Change; names: Names }) => (
  <>
    <div>
      {KINDS[change.kind] ?? 'changed'}, version {change.version}
    </div>
    <Attributes attributes={change.attributes} names={names} />
  </>
);

/** The list, newest first. */
export function Timeline({ entries, names }: { entries: readonly Entry[]; names: Names }): JSX.Element {
  if (entries.length === 0) return <p class="quiet">No request, sign-in or change is recorded.</p>;
  return (
    <table class="stack">
      <thead>
        <tr>
          <th scope="col">Time</th>
          <th scope="col">Source</th>
          <th scope="col">Effect</th>
        </tr>
      </thead>
      <tbody>
        {entries.map(({ time, activity, change }) => (
          <tr>
            <td>
              <Time at={time} />
            </td>
            <td>
              {activity ? (
                <a href={`/organizations/${activity.organizationId}/requests/${activity.id}`}>
                  {activity.method} <bdi>{activity.path}</bdi>
                </a>
              ) : (
                <bdi>{actorText(change?.actor)}</bdi>
              )}
            </td>
            <td>
              {activity && (
                <div>
                  <span class={activity.status >= 400 ? 'error' : ''}>{activity.status}</span>{' '}
                  <bdi>{activity.detail}</bdi>
                </div>
              )}
              {change && <ChangeText change={change} names={names} />}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
