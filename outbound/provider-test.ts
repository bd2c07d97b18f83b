/** The test of a provider as support sees it: the provider, its keys, and the client id and secret there, in words. */
import { type ClientFinding, checkClient, type ProviderClient } from './client-check.js';
import { type Findings, inspectProvider } from './discovery.js';
import type { Reach } from './fetch-text.js';

/** The edge waits as long for the answer of a provider. */
const DEADLINE_MS = 5000;

/** The outcome of a test. */
export interface Outcome extends Omit<Findings, 'tokenEndpoint'> {
  /** A sentence about sign-in, which the problems and the remarks explain. */
  verdict: string;
  client: ClientFinding['result'] | 'not tried';
}

/** Tests the provider of an issuer, and a client there if it is given. All failures are in the outcome. */
export async function testProvider(
  issuer: string,
  client: ProviderClient | undefined,
  hosts: Reach['hosts'],
): Promise<Outcome> {
  const reach = { hosts, deadlineMs: DEADLINE_MS };
  const { tokenEndpoint, ...findings } = await inspectProvider(issuer, reach);
  const tried = client && tokenEndpoint !== undefined ? await checkClient(tokenEndpoint, client, reach) : undefined;
  const problems = [...findings.problems, ...(tried?.result === 'refused' ? [tried.text] : [])];
  const remarks = [...findings.remarks, ...(tried?.result === 'unknown' ? [tried.text] : [])];
  const verdict = verdictOn(problems.length === 0, findings.isReached, tried);
  return { ...findings, problems, remarks, verdict, client: tried?.result ?? 'not tried' };
}

function verdictOn(isFine: boolean, isReached: boolean, tried: ClientFinding | undefined): string {
  if (!isReached) return 'From this machine it cannot be seen whether people can sign in:';
  if (!isFine) return 'Nobody can sign in with this provider:';
  return tried?.result === 'accepted'
    ? 'The provider is as it should be, and accepts the client id and the client secret.'
    : 'The provider is as it should be.';
}
