/** The timeline of a user or group. */
import type { JSX } from 'preact';
import type { Actor } from '../../proto/gen/userstore/v1/actor.js';
import { type AttributeChange, type Change, Change_Kind } from '../../proto/gen/userstore/v1/change.js';
import type { Entry } from '../timeline.js';
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

const Attribute = ({ attribute: { name, before, after } }: { attribute: AttributeChange }) => (
  <li>
    <code>
      <bdi>{name}</bdi>
    </code>
    : {before !== undefined && <Value text={before} />}
    {(before !== undefined || after === undefined) && ' → '}
    <Value text={after ?? 'no value'} />
  </li>
);

/** The attributes of a change with their values before and after. */
export function Attributes({ attributes }: { attributes: readonly AttributeChange[] }): JSX.Element | null {
  if (attributes.length === 0) return null;
  const rest = attributes.slice(SHOWN);
  return (
    <>
      <ul>
        {attributes.slice(0, SHOWN).map((attribute) => (
          <Attribute attribute={attribute} />
        ))}
      </ul>
      {rest.length > 0 && (
        <details>
          <summary>{rest.length} more</summary>
          <ul>
            {rest.map((attribute) => (
              <Attribute attribute={attribute} />
            ))}
          </ul>
        </details>
      )}
    </>
  );
}

const ChangeText = ({ change }: { change: Change }) => (
  <>
    <div>
      {KINDS[change.kind] ?? 'changed'}, version {change.version}
    </div>
    <Attributes attributes={change.attributes} />
  </>
);

/** The list, newest first. */
export function Timeline({ entries }: { entries: readonly Entry[] }): JSX.Element {
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
              {change && <ChangeText change={change} />}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
