/** The commands on webhooks. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { type Webhook, Webhook_State } from '../../proto/gen/userstore/v1/webhook_service.js';
import { wholeNumber } from '../whole-number.js';
import { time } from './activity-options.js';
import { type Printable, printable } from './printer.js';
import { confirm, type Result, run, runForOneOrAll } from './run.js';
import type { Userstore } from './userstore.js';
import { webhookTable, webhookText } from './webhook-text.js';

const HOUR = 3600;
/** The time for which `webhook test` waits for the attempt, which an edge makes within about two seconds. */
const TEST_MS = 20_000;
const POLL_MS = 500;

/** Adds `webhook …`. */
export function webhookCommands(program: Command): void {
  const webhook = program.command('webhook').description('endpoints of other services that are told of events');
  addChanges(webhook);
  webhook
    .command('list [organization]')
    .description('list the webhooks of an organization, or all')
    .action((organization: string | undefined) => {
      const list = async (userstore: Userstore, id?: string): Promise<Result> => {
        const webhooks = await userstore.listWebhooks(id);
        return [webhooks.map(named), webhookTable(webhooks)];
      };
      return runForOneOrAll(organization, list);
    });
  webhook
    .command('show <webhookId>')
    .description('show a webhook and its latest attempts')
    .action((id: string) => run((userstore) => shown(userstore, id)));
  webhook
    .command('test <webhookId>')
    .description('deliver an event of type "webhook.test" now, and show the answer')
    .action((id: string) =>
      run(async (userstore) => {
        await userstore.updateWebhook(id, { $case: 'test', value: true });
        const giveUp = Date.now() + TEST_MS;
        const began = Date.now();
        for (;;) {
          const { attempts } = await userstore.getWebhook(id);
          const isThere = attempts.some(
            (one) => one.eventType === 'webhook.test' && Number(one.time) >= began - POLL_MS,
          );
          if (isThere) return await shown(userstore, id);
          if (Date.now() > giveUp)
            throw new Error('No edge has tried yet: is one running, and the webhook not paused?');
          await sleep(POLL_MS);
        }
      }),
    );
}

function addChanges(webhook: Command): void {
  webhook
    .command('add <url> [organization]')
    .description('tell an https address of the events of an organization, or of all, from now on')
    .option('--type <type...>', 'only events of these types (docs/events.md)', [])
    .action((url: string, organization: string | undefined, { type }: { type: string[] }) => {
      const add = async (userstore: Userstore, id?: string): Promise<Result> => {
        const { webhook, secret } = await userstore.createWebhook(id, url, type);
        return withSecret(webhook.id, secret);
      };
      return runForOneOrAll(organization, add);
    });
  webhook
    .command('rotate <webhookId>')
    .description('replace the secret; both sign for a while')
    .option('--hours <number>', 'hours for which the old secret signs, too', wholeNumber(0, 720), 24)
    .action((id: string, { hours }: { hours: number }) =>
      run(async (userstore) => withSecret(id, (await userstore.rotateWebhookSecret(id, hours * HOUR)).secret)),
    );
  for (const [name, description] of [
    ['pause', 'stop the deliveries'],
    ['resume', 'continue the deliveries where they ended'],
  ] as const) {
    webhook
      .command(`${name} <webhookId>`)
      .description(description)
      .action((id: string) =>
        run(async (userstore) => {
          await userstore.updateWebhook(id, { $case: name, value: true });
          return await shown(userstore, id);
        }),
      );
  }
  webhook
    .command('replay <webhookId>')
    .description('deliver the events since a time again')
    .requiredOption('--since <time>', 'from this time on: 2026-11-24T08:00 (UTC), or 90m, 2h, 7d ago', time)
    .action((id: string, { since }: { since: Date }) =>
      run(async (userstore) => {
        await userstore.updateWebhook(id, { $case: 'replayTime', value: since });
        return await shown(userstore, id);
      }),
    );
  webhook
    .command('remove <webhookId>')
    .description('delete a webhook')
    .option('--yes', 'do not ask')
    .action((id: string, { yes }: { yes?: boolean }) =>
      run(async (userstore) => {
        const { webhook } = await userstore.getWebhook(id);
        await confirm(printable`This ends all deliveries to ${webhook.url}.`, 'remove', yes);
        await userstore.deleteWebhook(id);
        return [{ id }, printable`Deleted ${id}.`];
      }),
    );
}

async function shown(userstore: Userstore, id: string): Promise<Result> {
  const { webhook, attempts } = await userstore.getWebhook(id);
  return [{ ...named(webhook), attempts }, webhookText(webhook, attempts)];
}

function withSecret(id: string, secret: string): [object, Printable] {
  return [{ id, secret }, printable`Webhook  ${id}\nSecret   ${secret}\n\nThe secret is not shown again.`];
}

/** Returns a webhook with the name of its state. */
const named = (webhook: Webhook): object => ({
  ...webhook,
  state: Webhook_State[webhook.state].replace('STATE_', '').toLowerCase(),
});
