/** The bodies of a request beside what is stored, and which bodies an organization keeps. */
import type { ComponentChildren, JSX } from 'preact';
import type { GetActivityBodyResponse, KeptBody } from '../../proto/gen/userstore/v1/activity_service.js';
import type { Organization } from '../../proto/gen/userstore/v1/organization_service.js';
import { allBodiesUntil, keepsNone, laidOut } from '../body-text.js';
import type { Role } from '../staff/role.js';
import { ActLinks } from './organization.js';
import { Time } from './text.js';

/** The facts about a request beside its activity. */
export interface BodyFacts {
  bodies: GetActivityBodyResponse;
  /** The user or group as it is stored now; undefined if the request is about none that still exists. */
  stored: Stored | undefined;
}

/** A user or group as JSON text. */
export interface Stored {
  text: string;
  /** Whether it is only known that the user has the user name of the request. */
  isByName: boolean;
}

/** The body sent, the answer, and what is stored, side by side. */
export function Bodies({ bodies: { body, masked }, stored }: BodyFacts): JSX.Element {
  return (
    <>
      <h2>Bodies</h2>
      {masked && body && <p class="quiet">Personal values are masked: your role may not see them.</p>}
      {!body && (
        <p class="quiet">
          None are kept. They are kept for 7 days, of failures that brought a body, or of everything while support asks
          for it, unless the organization keeps none.
        </p>
      )}
      <div class="columns bodies">
        {body && (
          <>
            <Part id="sent" title="What was sent">
              <Text label="Body sent" body={body.request} none="The request had no body." />
            </Part>
            <Part id="answered" title="What was answered">
              <Text label="Body of the answer" body={body.response} none="The answer had no body." />
            </Part>
          </>
        )}
        <Part id="stored" title="What is stored now">
          {stored === undefined ? (
            <p class="quiet">The request is about no user or group that exists.</p>
          ) : (
            <>
              {stored.isByName && <p class="quiet">The user who has this user name.</p>}
              {masked ? (
                <p class="quiet">Your role does not see it here.</p>
              ) : (
                <Json label="Values stored" text={stored.text} />
              )}
            </>
          )}
        </Part>
      </div>
    </>
  );
}

const Part = ({ id, title, children }: { id: string; title: string; children: ComponentChildren }) => (
  <section aria-labelledby={id}>
    <h3 id={id}>{title}</h3>
    {children}
  </section>
);

function Text({ label, body, none }: { label: string; body: KeptBody | undefined; none: string }) {
  if (!body) return <p class="quiet">{none}</p>;
  if (body.omitted !== undefined) return <p class="quiet">Not kept. {body.omitted}</p>;
  return (
    <>
      {body.cut && <p class="quiet">Parts are cut: … stands for them.</p>}
      <Json label={label} text={laidOut(body.text)} />
    </>
  );
}

const Json = ({ label, text }: { label: string; text: string }) => (
  // biome-ignore lint/a11y/noNoninteractiveTabindex: a part that scrolls must be reachable by keyboard (WCAG 2.1.1)
  <section class="body" tabIndex={0} aria-label={label}>
    <pre>{text}</pre>
  </section>
);

/** Which bodies the organization keeps, and the acts that change it for an hour. */
export function KeptBodiesNote({
  organization,
  role,
  now,
}: {
  organization: Organization;
  role: Role;
  now: number;
}): JSX.Element {
  const base = `/organizations/${organization.id}/acts`;
  const end = allBodiesUntil(organization, now);
  return (
    <div class="row">
      <span class="quiet">
        Bodies are kept of{' '}
        {keepsNone(organization) ? (
          'no request'
        ) : end ? (
          <>
            every request until <Time at={end} />
          </>
        ) : (
          'failures'
        )}
        .
      </span>
      {!keepsNone(organization) && (
        <ActLinks
          role={role}
          acts={[
            end
              ? [`${base}/stop-keeping-bodies`, 'Stop', 'support']
              : [`${base}/keep-bodies`, 'Keep everything for an hour', 'support'],
          ]}
        />
      )}
    </div>
  );
}
