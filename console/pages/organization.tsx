/** The frame of every page of an organization, and the links to acts. */
import type { ComponentChildren, JSX } from 'preact';
import type { Organization } from '../../proto/gen/userstore/v1/organization_service.js';
import { includes, type Role } from '../staff/role.js';
import type { Session } from '../staff/sessions.js';
import { Crumbs, Page } from './frame.js';
import { shortened } from './text.js';

/** Characters of a heading: names from outside may have thousands. */
const MAX_HEADING = 100;

/** The parts of an organization that have their own page. */
const TABS = [
  ['', 'Overview'],
  ['users', 'Users'],
  ['groups', 'Groups'],
  ['requests', 'Requests'],
  ['events', 'Events'],
  ['schemas', 'Schemas'],
] as const;

/** The last part of the address of a page of an organization. */
export type Tab = (typeof TABS)[number][0];

/** The frame of every page of an organization. */
export function OrganizationPage({
  session,
  organization,
  tab,
  title,
  script,
  children,
}: {
  session: Session;
  organization: Organization;
  tab: Tab;
  title?: string;
  script?: string;
  children: ComponentChildren;
}): JSX.Element {
  const base = `/organizations/${organization.id}`;
  const more = script === undefined ? {} : { script };
  const heading = shortened(title ?? organization.displayName, MAX_HEADING);
  // Several pages of an organization have its name as their heading: the title of the window tells them apart.
  const [, tabText] = TABS.find(([path]) => path === tab) ?? TABS[0];
  const windowTitle = title ? `${heading} – ${organization.displayName}` : `${tabText} – ${heading}`;
  return (
    <Page title={windowTitle} session={session} {...more}>
      <Crumbs
        steps={[
          ['/organizations', 'Organizations'],
          ...(title ? [[base, organization.displayName] as [string, string]] : []),
        ]}
      />
      <h1>
        <bdi>{heading}</bdi>
      </h1>
      {organization.suspended && (
        <p class="note bad">
          The organization is suspended: userstore refuses its Okta, and its people cannot sign in.
        </p>
      )}
      <nav class="tabs" aria-label="Organization">
        {TABS.map(([path, text]) => (
          <a href={path === '' ? base : `${base}/${path}`} aria-current={path === tab ? 'page' : undefined}>
            {text}
          </a>
        ))}
      </nav>
      {children}
    </Page>
  );
}

/** Links to acts that the role may do; nothing if there is none. */
export function ActLinks({
  role,
  acts,
}: {
  role: Role;
  acts: [href: string, text: string, needed: Role][];
}): JSX.Element | null {
  const allowed = acts.filter(([, , needed]) => includes(role, needed));
  if (allowed.length === 0) return null;
  return (
    <div class="row">
      {allowed.map(([href, text]) => (
        <a class="button second" href={href}>
          {text}
        </a>
      ))}
    </div>
  );
}
