/** Names instead of ids, as links. */
import type { JSX } from 'preact';
import type { Names } from '../names.js';
import { shortened } from './text.js';

/** Characters of a name in a list. */
export const MAX_NAME = 80;
/** Names of one list before the rest is a number. */
export const MAX_NAMES = 20;

/** The user, group or organization with an id by its name; by its id alone if nobody knows the name. */
export function Named({ id, names }: { id: string; names: Names }): JSX.Element {
  const found = names.get(id);
  if (!found) return <code>{id}</code>;
  const name = <bdi>{shortened(found.name || id, MAX_NAME)}</bdi>;
  if (found.deleted) {
    return (
      <span>
        {name}{' '}
        <span class="quiet">
          deleted, <code>{id}</code>
        </span>
      </span>
    );
  }
  const href = resourcePath(found.organizationId, found.resourceType, id);
  if (!href) return name;
  return (
    <a href={href} title={id}>
      {name}
    </a>
  );
}

/** The organization to which something belongs, if to one. */
export const Owner = ({ id, names }: { id: string | undefined; names: Names }): JSX.Element =>
  id ? <Named id={id} names={names} /> : <>all organizations</>;

/** Several of them; many are cut off with their number. */
export const NamedList = ({ ids, names }: { ids: readonly string[]; names: Names }): JSX.Element => (
  <>
    {ids.slice(0, MAX_NAMES).map((id, index) => (
      <>
        {index > 0 && ', '}
        <Named id={id} names={names} />
      </>
    ))}
    {ids.length > MAX_NAMES && ` and ${ids.length - MAX_NAMES} more`}
  </>
);

/** Returns the page of a resource; undefined if it has none. */
export function resourcePath(organizationId: string, type: string, id: string): string | undefined {
  const base = `/organizations/${organizationId}`;
  switch (type) {
    case 'User':
      return `${base}/users/${id}`;
    case 'Group':
      return `${base}/groups/${id}`;
    case 'Organization':
    case 'ApiToken':
    case 'SsoConnection':
      return base;
    case 'Webhook':
      return `/webhooks/${id}`;
    default:
      return undefined;
  }
}
