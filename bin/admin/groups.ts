/** The commands on groups. They only read, because Okta makes the changes. */
import type { Command } from 'commander';
import { allOf, equal } from '../../proto/filters.js';
import { wholeNumber } from '../whole-number.js';
import { changeText } from './activity-text.js';
import { joinedLines, printable } from './printer.js';
import { run } from './run.js';
import { groupTable, groupText } from './tables.js';

interface ListOptions {
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
    .option('--name <name>', 'the group with this name, in any letter case')
    .option('--member <userId>', 'groups that this user is a member of')
    .option('--limit <number>', 'maximum number of groups', wholeNumber(1, 1_000_000), 1000)
    .action((organizationId: string, options: ListOptions) =>
      run(async (userstore) => {
        const { groups, totalSize } = await userstore.listGroups(organizationId, filterOf(options), options.limit);
        return [groups, printable`${groupTable(groups)}\n\n${groups.length} of ${totalSize}`];
      }),
    );
  groups
    .command('show <organizationId> <groupId>')
    .description('show a group and its members')
    .option('--limit <number>', 'maximum number of members', wholeNumber(1, 1_000_000), 1000)
    .action((organizationId: string, groupId: string, { limit }: { limit: number }) =>
      run(async (userstore) => {
        const group = await userstore.getGroup(organizationId, groupId);
        const { members, isAll } = await userstore.listMembers(organizationId, groupId, limit);
        return [{ ...group, members }, groupText(group, members, isAll)];
      }),
    );
  groups
    .command('history <organizationId> <groupId>')
    .description('show the changes of a group, also of a deleted one, oldest first')
    .option('--limit <number>', 'number of newest changes', wholeNumber(1, 1000), 1000)
    .action((organizationId: string, groupId: string, { limit }: { limit: number }) =>
      run(async (userstore) => {
        const { changes } = await userstore.listGroupChanges(organizationId, groupId, limit);
        changes.reverse();
        const none = printable`There are no changes of this group.`;
        return [changes, changes.length === 0 ? none : joinedLines(changes.map(changeText))];
      }),
    );
}

function filterOf({ name, member }: ListOptions) {
  const filters = [
    ...(name === undefined ? [] : [equal('display_name', name)]),
    ...(member === undefined ? [] : [equal('members.value', member)]),
  ];
  return filters.length === 0 ? undefined : allOf(...filters);
}
