/** The program of the command `admin`: its arguments, its help and its exit status. */
import { Command, CommanderError } from 'commander';
import { activityCommand } from './activity.js';
import { COMMAND } from './command-line.js';
import { eventsCommand } from './events.js';
import { groupCommands } from './groups.js';
import { type CommandProcess, type Invocation, invoked } from './invocation.js';
import { organizationCommands } from './organizations.js';
import { commanderOutput } from './printer.js';
import { schemaCommands } from './schemas.js';
import { serviceCommands } from './services.js';
import { sessionCommands } from './sessions.js';
import { setupLinkCommands } from './setup-links.js';
import { ssoCommands } from './sso.js';
import { tokenCommands } from './tokens.js';
import { userCommands } from './users.js';
import { webhookCommands } from './webhooks.js';

const EXAMPLES = `
Example: a new customer, and the token that its Okta admin enters
  ${COMMAND} org create "Oak Street Homes"
  ${COMMAND} token issue 7kq2m9xw4hbd --label "Okta, production"
  ${COMMAND} org show 7kq2m9xw4hbd

Example: a link with which the Okta admin issues the token and connects single sign-on, so that no secret is in a mail
  ${COMMAND} setup-link add 7kq2m9xw4hbd ana@oakstreet.example --days 7 --domain oakstreet.example
  ${COMMAND} setup-link list 7kq2m9xw4hbd

Example: a new token without a gap; the old one stays valid for a day
  ${COMMAND} token list 7kq2m9xw4hbd
  ${COMMAND} token rotate 7kq2m9xw4hbd 0199f7c1-7d4e-7a53-9a43-2f6f8f3f9b1e

Example: find a person
  ${COMMAND} users find ana@oakstreet.example
  ${COMMAND} users show 7kq2m9xw4hbd ana@oakstreet.example
  ${COMMAND} users list "Oak Street Homes" --search ana

Example: the members of a group and its changes
  ${COMMAND} groups list 7kq2m9xw4hbd --name "Leasing"
  ${COMMAND} groups show 7kq2m9xw4hbd Leasing
  ${COMMAND} groups history 7kq2m9xw4hbd Leasing

Example: requests of a customer's Okta, refused requests, and all changes of one user
  ${COMMAND} activity 7kq2m9xw4hbd --user ana@oakstreet.example --since 7d
  ${COMMAND} activity 7kq2m9xw4hbd --failures --follow
  ${COMMAND} activity 7kq2m9xw4hbd --changes --since 30d --limit 100000 --csv > activity.csv
  ${COMMAND} users history 7kq2m9xw4hbd ana@oakstreet.example

Example: single sign-on (SSO) with a customer's Okta; the second command prints the values that the Okta admin enters
  ${COMMAND} sso set 7kq2m9xw4hbd --issuer https://oakstreet.okta.com --client-id 0oa1abcdEFGH2ijkl5d7 \\
    --client-secret-file secret.txt --domain oakstreet.example
  ${COMMAND} sso show 7kq2m9xw4hbd
  ${COMMAND} sso test 7kq2m9xw4hbd
  ${COMMAND} sso test --issuer https://oakstreet.okta.com

Example: lock a person out at once, even if Okta has them active; list the sessions that remain
  ${COMMAND} users lock 7kq2m9xw4hbd ana@oakstreet.example --reason "lost laptop"
  ${COMMAND} session list 7kq2m9xw4hbd

Example: attributes that a customer's Okta sends under its own namespace
  ${COMMAND} schema set 7kq2m9xw4hbd badge.json
  where badge.json is { "id": "urn:ietf:params:scim:schemas:extension:oakstreet:2.0:User",
                        "attributes": [{ "name": "badge", "type": "string", "caseExact": true }] }

  ${COMMAND.replace('run', 'run --silent')} org list --json | jq -r '.[].id'

Example: a service that reads one customer's users; a colleague of support who may not change settings
  ${COMMAND} service add billing --role reader --organization 7kq2m9xw4hbd
  ${COMMAND} service add ana --role support

An organization is an id, a name or an e-mail domain. A user is an id, user name, external id or e-mail address; a group is
an id, name or external id.

The command reads the service token from ADMIN_TOKEN or the file ADMIN_TOKEN_FILE, else from service-tokens.json in DATA_DIR
(default ./data).
TLS: USERSTORE_TLS_CA, ADMIN_CLIENT_CERT and ADMIN_CLIENT_KEY name files; a client certificate replaces the token.
Results go to stdout. Exit status: 0 success, 1 failure, 2 wrong arguments.`;

const COMMANDS = [
  organizationCommands,
  tokenCommands,
  setupLinkCommands,
  ssoCommands,
  userCommands,
  groupCommands,
  sessionCommands,
  activityCommand,
  eventsCommand,
  webhookCommands,
  serviceCommands,
  schemaCommands,
];

/** Runs the command with these arguments, as this process. Returns its exit status. */
export function admin(args: readonly string[], process: CommandProcess): Promise<number> {
  const program = createProgram();
  const made: Invocation = { process, options: {}, status: 0 };
  program.hook('preAction', () => {
    made.options = program.opts();
  });
  return invoked(made, async () => {
    try {
      await program.parseAsync(args, { from: 'user' });
      return made.status;
    } catch (error) {
      if (!(error instanceof CommanderError)) throw error;
      return error.exitCode === 0 ? 0 : 2;
    }
  });
}

function createProgram(): Command {
  const program = new Command('admin')
    .description(
      'Manages organizations and their API tokens, sign-in, schemas, users and groups, and the services that call userstore.',
    )
    .option(
      '--userstore <host:port>',
      'address of userstore (default: the first of USERSTORE_ADDRESS, else 127.0.0.1:50051)',
    )
    .option('--json', 'print JSON instead of text')
    .configureOutput(commanderOutput)
    .addHelpText('after', EXAMPLES)
    .exitOverride();
  for (const add of COMMANDS) add(program);
  return program;
}
