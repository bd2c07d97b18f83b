/** The printer of the commands: text from outside reaches the terminal only with its unsafe characters escaped. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { activityText } from '../../bin/admin/activity-text.js';
import { failedFor } from '../../bin/admin/client.js';
import { json, messageOf, multiline, printable } from '../../bin/admin/printer.js';
import { confirm } from '../../bin/admin/run.js';
import { organizationTable } from '../../bin/admin/tables.js';
import { userText } from '../../bin/admin/user-text.js';
import { connect } from '../../bin/admin/userstore.js';
import { command } from '../harness/commands.js';
import { createTenant, needsOwnPair, sharedPair } from '../harness/organizations.js';
import { SERVICE_TOKENS } from '../harness/processes.js';
import { projectFiles } from '../harness/sources.js';

/** C0, DEL and C1 controls, marks of text direction, and separators. */
const UNSAFE = [
  ...Array.from({ length: 0x20 }, (_, code) => code),
  ...Array.from({ length: 0x21 }, (_, index) => 0x7f + index),
  ...[0x061c, 0x200e, 0x200f, 0x2028, 0x2029, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068, 0x2069],
].map((code) => String.fromCharCode(code));
const NOT_PRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;
/** ESC, BEL, CSI as one C1 control, a carriage return, and a right-to-left override. */
const HOSTILE = '\u001b[2J\u0007\u009b31m\r\u202egnp.exe\u2066';

const notationOf = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

describe('the printer of the commands', () => {
  it('escapes every control character, mark of text direction and separator in the values of a template', () => {
    for (const character of UNSAFE) expect(printable`a${character}b`.toString()).to.equal(`a${notationOf(character)}b`);
    expect(printable`${'\u{e0001}'}`.toString()).to.equal('\\udb40\\udc01');
    expect(printable`${'Zoë 李 😀'}, ${7}\n${printable`a\n${'\n'}`}`.toString()).to.equal('Zoë 李 😀, 7\na\n\\u000a');
  });

  it('escapes the same in JSON, which stays the same value', () => {
    const value = { [UNSAFE.join('')]: UNSAFE.join(''), other: ['é'] };
    for (const text of [json(value).toString(), json(value, 2).toString().replaceAll('\n', '')]) {
      expect(text).not.to.match(NOT_PRINTABLE);
      expect(JSON.parse(text)).to.deep.equal(value);
    }
  });

  it('keeps only newlines in text of several lines, and none in errors', () => {
    expect(multiline(`a\n${HOSTILE}`).toString()).to.match(/^a\n\\u001b\[2J\\u0007\\u009b31m\\u000d\\u202egnp/);
    expect(messageOf(new Error(`a\n${HOSTILE}`)).toString()).not.to.match(NOT_PRINTABLE);
  });

  it('is the only file of the commands that writes to the terminal', () => {
    const sources = projectFiles((path) => /^bin\/.*\.ts$/.test(path));
    expect([...sources.keys()]).to.include('bin/admin/printer.ts');
    const writes =
      /\bprocess\s*(\?\.|\.)\s*std(out|err)\b|\bprocess\s*\[|\}\s*=\s*(globalThis\.)?process\b|\bconsole\s*(\?\.|\.(?=\w)|\[)|node:(process|console|tty)'|\/dev\/(tty|stdout|stderr)|\bwriteSync\(|\bcreateInterface\(\{/;
    const found = [...sources].filter(([file, text]) => file !== 'bin/admin/printer.ts' && writes.test(text));
    expect(found.map(([file, text]) => `${file}: ${writes.exec(text)?.[0]}`)).to.deep.equal([]);
  });
});

describe('text for people', () => {
  it('of tables, users and activities has no unsafe characters of their values', () => {
    const organization = { id: 'x', displayName: HOSTILE, createTime: undefined, suspended: false };
    const user = { id: 'x', userName: HOSTILE, groups: [], extensionAttributes: [{ schema: 'urn:x', name: HOSTILE }] };
    const facts = { user, organization, sessions: [] };
    const activity = { id: 'x', method: 'GET', path: `/${HOSTILE}`, status: 401, durationMs: 1, detail: HOSTILE };
    for (const text of [
      organizationTable([organization as never]),
      userText(facts as never),
      activityText(activity as never),
    ]) {
      expect(text.toString().replaceAll('\n', '')).not.to.match(NOT_PRINTABLE);
      expect(text.toString()).to.include('\\u202e');
    }
  });
});

describe('the question before a destructive command', () => {
  it('has no unsafe characters of the name of an organization', async () => {
    const question = printable`This signs out everybody of "${HOSTILE}".`;
    const asked = await confirm(question, 'x', false).catch(({ message }: Error) => message);
    expect(asked).to.include('\\u202egnp.exe\\u2066"').and.not.match(NOT_PRINTABLE);
  });
});

describe('a command', function () {
  this.timeout(30_000);
  let server: Server;
  let origin: string;
  before(async () => {
    const document = { issuer: HOSTILE, jwks_uri: HOSTILE, authorization_endpoint: HOSTILE };
    server = createServer((request, response) => {
      if (request.url?.includes('/scim/v2')) {
        const error = { schemas: [HOSTILE], detail: HOSTILE, id: HOSTILE, status: '400' };
        response.writeHead(400, { 'content-type': 'application/scim+json' }).end(JSON.stringify(error));
      } else response.end(JSON.stringify(document));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  const isClean = (text: string) => expect(text.replaceAll('\n', '')).not.to.match(NOT_PRINTABLE);

  it('that checks a provider prints no unsafe characters of its metadata, as text and as JSON', async () => {
    const seen = await command('admin', ['sso', 'test', '--issuer', origin], {});
    isClean(seen.stdout);
    expect(seen.stdout).to.include('calls itself \\u001b[2J\\u0007\\u009b31m\\u000d\\u202egnp.exe\\u2066');
    const { stdout } = await command('admin', ['--json', 'sso', 'test', '--issuer', origin], {});
    isClean(stdout);
    expect(JSON.parse(stdout).problems[0]).to.include(HOSTILE);
  });

  it('that simulates Okta prints no unsafe characters of a server’s answers, as text and as JSON', async () => {
    const args = ['--url', `${origin}/scim/v2`, '--token', 'x', '--users', '1'];
    for (const more of [[], ['--json']]) {
      const { code, stdout, stderr } = await command('okta', [...args, ...more], {});
      expect(code).to.equal(1);
      isClean(stdout);
      isClean(stderr);
    }
  });

  it('prints no unsafe characters of its arguments', async () => {
    for (const args of [[HOSTILE], ['sso', 'test', '--issuer', HOSTILE], ['org', 'set', 'x', '--rate', HOSTILE]]) {
      const { stdout, stderr } = await command('admin', args, {});
      isClean(stdout + stderr);
      expect(stdout + stderr).to.include('\\u202e');
    }
  });

  it('cannot create or rename an organization with such characters in its name: FIELD_INVALID', async function () {
    needsOwnPair(this);
    const pair = await sharedPair();
    const { organizationId } = await createTenant(pair);
    const userstore = connect(pair.address, SERVICE_TOKENS.admin);
    try {
      for (const character of UNSAFE) {
        const displayName = `a${character}b`;
        for (const change of [
          userstore.createOrganization(displayName),
          userstore.updateOrganization(organizationId, () => ({ displayName })),
        ]) {
          const error = await change.catch((thrown: unknown) => thrown);
          expect(failedFor(error, 'FIELD_INVALID'), notationOf(character)).to.equal(true);
        }
      }
    } finally {
      userstore.close();
    }
  });
});
