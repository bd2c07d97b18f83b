/** The certificates of further callers: their option on the command line, and those that a folder has. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { callerIn, type Subject } from './issue.js';

const ROLES = ['edge', 'reader', 'support', 'admin'];
/** A caller, by the name of its files. */
export type Clients = Record<string, Omit<Subject, 'days'>>;

/** Adds the client of an option "name:role" or "name:role:organization,organization". */
export function collectClient(option: string, before: Clients): Clients {
  const [, name = '', role = '', organizations = ''] =
    /^([a-z][a-z\d-]{0,62}):(\w+)(?::([a-z\d,]+))?$/.exec(option) ?? [];
  const organizationIds = organizations.split(',').filter(Boolean);
  const isHeldEdge = role === 'edge' && organizationIds.length > 0;
  if (!ROLES.includes(role) || isHeldEdge || [...ROLES, 'userstore', 'edge-https', 'ca'].includes(name)) {
    const message = `It is name:role or name:role:organization,…, with a role of ${ROLES.join(', ')} and another name.`;
    throw new InvalidArgumentError(message);
  }
  return { ...before, [name]: { commonName: name, role, organizationIds } };
}

/** Returns the callers that have certificates in a folder, except those of these names. */
export async function clientsIn(folder: string, others: readonly string[]): Promise<Clients> {
  const names = (await readdir(folder)).filter((file) => file.endsWith('.crt')).map((file) => file.slice(0, -4));
  const found: Clients = {};
  for (const name of names.filter((one) => one !== 'ca' && !others.includes(one))) {
    const caller = callerIn(await readFile(join(folder, `${name}.crt`), 'utf8'));
    if (caller) found[name] = caller;
  }
  return found;
}
