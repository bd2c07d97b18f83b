/** The commands on groups: looking only, as Okta is who changes them. */
import type { Command } from 'commander';
import { allOf, equal } from '../../proto/filters.js';
import { wholeNumber } from '../whole-number.js';
import { changeText } from './activity-text.js';
import { run } from './run.js';
import { groupTable, groupText } from './tables.js';

/** As many groups as one page of userstore has. */
const PAGE_SIZE = 200;

interface Wanted {
  name?: string;
  member?: string;
  limit: number;
}

/** Adds `groups …`. */
export function groupCommands(program: Command): void {
  const groups = program.command('groups').description('the groups of an organization');
  groups
    .command('list <organizationId>')
    .description('list groups, oldest first')
    .option('--name <name>', 'with this name, in any letter case')
    .option('--member <userId>', 'which this user is a member of')
    .option('--limit <number>', 'at most so many', wholeNumber(1, 1_000_000), 1000)
    .action((organizationId: string, wanted: Wanted) =>
      run(async (userstore) => {
        const found = [];
        let total: number;
        let pageToken: string | undefined;
        do {
          const size = Math.min(wanted.limit - found.length, PAGE_SIZE);
          const page = await userstore.listGroups(organizationId, filterOf(wanted), size, pageToken);
          found.push(...page.groups);
          total = page.totalSize;
          pageToken = page.nextPageToken;
        } while (pageToken !== undefined && found.length < wanted.limit);
        return [found, `${groupTable(found)}\n\n${found.length} of ${total}`];
      }),
    );
  groups
    .command('show <organizationId> <groupId>')
    .description('show a group and its members')
    .option('--limit <number>', 'at most so many members', wholeNumber(1, 1_000_000), 1000)
    .action((organizationId: string, groupId: string, { limit }: { limit: number }) =>
      run(async (userstore) => {
        const group = await userstore.getGroup(organizationId, groupId);
        const { members, isAll } = await userstore.listMembers(organizationId, groupId, limit);
        return [{ ...group, members }, groupText(group, members, isAll)];
      }),
    );
  groups
    .command('history <organizationId> <groupId>')
    .description('show what every change made of a group, also of one that is removed; oldest first')
    .option('--limit <number>', 'the newest so many', wholeNumber(1, 1000), 1000)
    .action((organizationId: string, groupId: string, { limit }: { limit: number }) =>
      run(async (userstore) => {
        const { changes } = await userstore.listGroupChanges(organizationId, groupId, limit);
        changes.reverse();
        return [changes, changes.map(changeText).join('\n') || 'There are no changes of this group.'];
      }),
    );
}

function filterOf({ name, member }: Wanted) {
  const filters = [
    ...(name === undefined ? [] : [equal('display_name', name)]),
    ...(member === undefined ? [] : [equal('members.value', member)]),
  ];
  return filters.length === 0 ? undefined : allOf(...filters);
}
