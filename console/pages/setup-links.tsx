/** The setup links of an organization, in its overview. */
import type { JSX } from 'preact';
import type { SetupLink } from '../../proto/gen/userstore/v1/setup_link_service.js';
import type { Role } from '../staff/role.js';
import { ActLinks } from './organization.js';
import { Table, Time } from './text.js';

/** The links, newest first. */
export function SetupLinks({
  base,
  role,
  links,
  now,
}: {
  base: string;
  role: Role;
  links: readonly SetupLink[];
  now: number;
}): JSX.Element {
  return (
    <>
      <Table
        label="Setup links"
        items={links}
        none="None: make one for an Okta admin who sets up the organization."
        columns={[
          [
            'For',
            ({ recipient, domains }) => (
              <>
                <bdi>{recipient}</bdi>
                {domains.length > 0 && <div class="quiet">{domains.join(', ')}</div>}
              </>
            ),
          ],
          ['State', (link) => <State link={link} now={now} />],
          ['First opened', (link) => <Opened link={link} />],
          ['Tokens issued', ({ issuedTokens }) => issuedTokens],
          [
            'Made',
            ({ createTime, createdBy }) => (
              <>
                <Time at={createTime} /> by <bdi>{createdBy}</bdi>
              </>
            ),
          ],
          [
            'Change',
            (link) =>
              isLive(link, now) && (
                <ActLinks role={role} acts={[[`${base}/setup-links/${link.id}/acts/revoke`, 'Revoke', 'support']]} />
              ),
          ],
        ]}
      />
      <ActLinks role={role} acts={[[`${base}/acts/new-setup-link`, 'Make a setup link', 'admin']]} />
    </>
  );
}

const isLive = ({ revokeTime, expireTime }: SetupLink, now: number) =>
  !revokeTime && (expireTime?.getTime() ?? 0) > now;

function State({ link, now }: { link: SetupLink; now: number }) {
  if (link.revokeTime) return <span class="quiet">revoked</span>;
  if (!isLive(link, now)) return <span class="quiet">ended</span>;
  return (
    <span class="good">
      live until <Time at={link.expireTime} />
    </span>
  );
}

const Opened = ({ link: { openTime, openAddress } }: { link: SetupLink }) => (
  <>
    <Time at={openTime} />
    {openAddress && ` from ${openAddress}`}
  </>
);
