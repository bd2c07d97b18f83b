/** A list of requests and sign-ins. */
import type { JSX } from 'preact';
import type { Activity } from '../../proto/gen/userstore/v1/activity_service.js';
import type { Names } from '../names.js';
import type { RequestLine } from '../request-lines.js';
import { MAX_NAME, Owner } from './named.js';
import { Outside, shortened, Time } from './text.js';

const requestPath = ({ organizationId, id }: Activity) => `/organizations/${organizationId}/requests/${id}`;

/** The person or the group that a request was about, as a link. */
export function About({ activity }: { activity: Activity }): JSX.Element {
  const { organizationId, userId, userName, groupId, groupName } = activity;
  if (userId) {
    return (
      <a href={`/organizations/${organizationId}/users/${userId}`}>
        <bdi>{shortened(userName ?? userId, MAX_NAME)}</bdi>
      </a>
    );
  }
  if (groupId) {
    return (
      <a href={`/organizations/${organizationId}/groups/${groupId}`}>
        <bdi>{shortened(groupName ?? groupId, MAX_NAME)}</bdi>
      </a>
    );
  }
  return <Outside text={userName && shortened(userName, MAX_NAME)} />;
}

/** One row. `names`: those of the organizations, if the list is of several. */
export const RequestRow = ({
  line: { newest, count, firstTime },
  names,
}: {
  line: RequestLine;
  names?: Names | undefined;
}): JSX.Element => (
  <tr>
    <td>
      <a href={requestPath(newest)}>
        <Time at={newest.time} />
      </a>
      {count > 1 && (
        <div class="quiet">
          {count} times since <Time at={firstTime} />
        </div>
      )}
    </td>
    {names && (
      <td data-name="Organization">
        <Owner id={newest.organizationId} names={names} />
      </td>
    )}
    <td data-name="Status" class={newest.status >= 400 ? 'error' : ''}>
      {newest.status}
    </td>
    <td>
      {newest.method} <bdi>{newest.path}</bdi>
      {newest.detail && (
        <div class="quiet">
          <bdi>{newest.detail}</bdi>
        </div>
      )}
    </td>
    <td data-name="About">
      <About activity={newest} />
    </td>
    <td data-name="Duration" class="number">{`${Math.round(newest.durationMs)} ms`}</td>
  </tr>
);

/** The list, newest first. `names`: those of the organizations, if the list is of several. */
export function RequestTable({
  lines,
  none,
  names,
}: {
  lines: readonly RequestLine[];
  none: string;
  names?: Names | undefined;
}): JSX.Element {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a part that scrolls must be reachable by keyboard (WCAG 2.1.1)
    <section class="scroll" tabIndex={0} aria-label="Requests">
      <table class="stack">
        <thead>
          <tr>
            <th scope="col">Time</th>
            {names && <th scope="col">Organization</th>}
            <th scope="col">Status</th>
            <th scope="col">Request</th>
            <th scope="col">About</th>
            <th scope="col" class="number">
              Duration
            </th>
          </tr>
        </thead>
        <tbody id="requests">
          {lines.map((line) => (
            <RequestRow line={line} names={names} />
          ))}
        </tbody>
      </table>
      {lines.length === 0 && <p class="quiet none">{none}</p>}
    </section>
  );
}
