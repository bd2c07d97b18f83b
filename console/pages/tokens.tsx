/** The API tokens of an organization, and the limits that it has met. */
import type { JSX } from 'preact';
import type { Activity } from '../../proto/gen/userstore/v1/activity_service.js';
import type { ApiToken } from '../../proto/gen/userstore/v1/api_token_service.js';
import type { Role } from '../staff/role.js';
import { ActLinks } from './organization.js';
import { Table, Time } from './text.js';

const stateOf = ({ revokeTime, expireTime }: ApiToken, now: number) => {
  if (revokeTime) return <span class="quiet">revoked</span>;
  if (!expireTime) return <span class="good">live</span>;
  const days = Math.ceil((expireTime.getTime() - now) / 86_400_000);
  if (days <= 0) return <span class="error">expired</span>;
  return (
    <span class={days <= 14 ? 'warn' : 'good'}>{`live, expires in ${days === 1 ? '1 day' : `${days} days`}`}</span>
  );
};

const isLive = ({ revokeTime, expireTime }: ApiToken, now: number) =>
  !revokeTime && (!expireTime || expireTime.getTime() > now);

/** The tokens of an organization. */
export function Tokens({
  base,
  role,
  tokens,
  now,
}: {
  base: string;
  role: Role;
  tokens: readonly ApiToken[];
  now: number;
}): JSX.Element {
  return (
    <>
      <Table
        label="API tokens"
        items={tokens}
        none="The organization has no API token: its Okta cannot provision."
        columns={[
          ['Name', ({ label }) => <bdi>{label}</bdi>],
          ['Ends in', ({ secretSuffix }) => (secretSuffix ? <code>{secretSuffix}</code> : '—')],
          ['State', (token) => stateOf(token, now)],
          ['Last use', ({ lastUseTime }) => <Time at={lastUseTime} />],
          [
            'Issued',
            ({ createTime, createdBy }) => (
              <>
                <Time at={createTime} /> by <bdi>{createdBy}</bdi>
              </>
            ),
          ],
          [
            'Change',
            (token) =>
              isLive(token, now) && (
                <ActLinks
                  role={role}
                  acts={[
                    [`${base}/tokens/${token.id}/acts/rotate`, 'Rotate', 'admin'],
                    [`${base}/tokens/${token.id}/acts/revoke`, 'Revoke', 'admin'],
                  ]}
                />
              ),
          ],
        ]}
      />
      <ActLinks role={role} acts={[[`${base}/acts/issue-token`, 'Issue an API token', 'admin']]} />
    </>
  );
}

const TOO_MANY_REQUESTS = 429;
/** The most live tokens of an organization. */
const MAX_TOKENS = 5;

/** The limits that the organization has met in the last day. */
export function LimitsReached({
  failures,
  tokens,
  now,
}: {
  failures: readonly Activity[];
  tokens: readonly ApiToken[];
  now: number;
}): JSX.Element {
  const limited = failures.filter(({ status }) => status === TOO_MANY_REQUESTS).length;
  const live = tokens.filter((token) => isLive(token, now)).length;
  const reached = [
    limited > 0 && `rate limit: ${limited} requests refused in the last day`,
    live >= MAX_TOKENS && `${live} of ${MAX_TOKENS} API tokens are live`,
  ].filter(Boolean);
  return reached.length === 0 ? <>none</> : <span class="warn">{reached.join('; ')}</span>;
}
