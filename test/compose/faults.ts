/**
 * A write storm through the edge of a stack during a fault: every acknowledged change must be stored once.
 */
import { expect } from 'chai';
import { expectChangesOfAll } from '../crash/changes.js';
import { type Stream, startStream } from '../crash/stream.js';
import { createTenant } from '../harness/organizations.js';
import type { Stack } from './stack.js';

const BEFORE = 60;
const AFTER = 120;

/** A fault, and the function that ends it. */
interface Fault {
  /** Does it; resolves when it has been undone, or will be by itself. */
  happen: (stream: Stream) => Promise<void>;
  /** The edge itself goes, so that connections to it break: its clients may be left without an answer. */
  mayBreak?: boolean;
}

/**
 * Writes all the time, before, while and after `happen`; all but acknowledgements must be 503 or 429 with Retry-After.
 * Prints how long nothing was acknowledged.
 */
export async function storm(stack: Stack, { happen, mayBreak = false }: Fault): Promise<void> {
  const adminToken = await stack.secret('admin_token');
  const tenant = await createTenant(stack, {}, adminToken);
  const stream = startStream(tenant.scim, { mayBreak, patienceMs: 60_000 });
  await stream.acknowledges(BEFORE);
  await happen(stream);
  await stream.acknowledges(AFTER);
  await stack.ready();
  const { acknowledged, refused, broken, longestPauseMs } = await stream.endAndCheck();
  expect(acknowledged).to.be.at.least(BEFORE + AFTER);
  await expectChangesOfAll(tenant, stack, adminToken);
  const seconds = (longestPauseMs / 1000).toFixed(1);
  console.log(
    `      recovered after ${seconds} s: ${acknowledged} changes acknowledged, none lost, none twice; ` +
      `${refused} requests told to try again, ${broken} without an answer`,
  );
}
