/** The commands on groups. They only read, because Okta makes the changes. */
import type { Command } from 'commander';
import { allOf, equal } from '../../client/filters.js';
import { wholeNumber } from '../whole-number.js';
import { changeValue } from './activity-export.js';
import { changeText } from './activity-text.js';
import { findGroup, findGroupIdOrDeleted } from './find-group.js';
import { findUser } from './find-user.js';
import { joinedLines, printable } from './printer.js';
import { runIn } from './run.js';
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
    .command('list <organization>')
    .description('list groups, oldest first')
    .option('--name <name>', 'the group with this name, in any letter case')
    .option('--member <user>', 'groups that this user is a member of: an id, user name, external id or e-mail address')
    .option('--limit <number>', 'maximum number of groups', wholeNumber(1, 1_000_000), 1000)
    .action((organization: string, { name, member, limit }: ListOptions) =>
      runIn(organization, async ({ userstore, organizationId }) => {
        const user = member === undefined ? undefined : await findUser(userstore, organizationId, member);
        const { groups, totalSize } = await userstore.listGroups(organizationId, filterOf(name, user?.id), limit);
        return [groups, printable`${groupTable(groups)}\n\n${groups.length} of ${totalSize}`];
      }),
    );
  groups
    .command('show <organization> <group>')
    .description('show a group and its members; <group> is an id, name or external id')
    .option('--limit <number>', 'maximum number of members', wholeNumber(1, 1_000_000), 1000)
    .action((organization: string, name: string, { limit }: { limit: number }) =>
      runIn(organization, async ({ userstore, organizationId }) => {
        const group = await findGroup(userstore, organizationId, name);
        const { members, isAll } = await userstore.listMembers(organizationId, group.id, limit);
        return [{ ...group, members }, groupText(group, members, isAll)];
      }),
    );
  groups
    .command('history <organization> <group>')
    .description('show the changes of a group, also of a deleted one by its id, oldest first')
    .option('--limit <number>', 'number of newest changes', wholeNumber(1, 1000), 1000)
    .action((organization: string, name: string, { limit }: { limit: number }) =>
      runIn(organization, async ({ userstore, organizationId }) => {
        const groupId = await findGroupIdOrDeleted(userstore, organizationId, name);
        const { changes } = await userstore.listGroupChanges(organizationId, groupId, limit);
        changes.reverse();
        const none = printable`No change of this group is stored: the changes are older than ACTIVITY_DAYS.`;
        return [changes.map(changeValue), changes.length === 0 ? none : joinedLines(changes.map(changeText))];
      }),
    );
}

function filterOf(name: string | undefined, member: string | undefined) {
  const filters = [
    ...(name === undefined ? [] : [equal('display_name', name)]),
    ...(member === undefined ? [] : [equal('members.value', member)]),
  ];
  return filters.length === 0 ? undefined : allOf(...filters);
}
