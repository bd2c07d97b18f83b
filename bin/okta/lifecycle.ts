/** Steps in the life of users: assigned, linked, changed, deactivated, reactivated, left behind. */

import { Stop, unexpected } from './client.js';
import {
  type Assigned,
  creation,
  isActive,
  isAssigned,
  type Person,
  profileChange,
  throwAwayPassword,
} from './people.js';
import { changed, type Json, lost, overlay, readPage, without } from './resource.js';
import type { Okta } from './step.js';

/** `oin`: a catalogue app, which patches `active`; `aiw`: a wizard app, which puts everything. */
export type Dialect = 'oin' | 'aiw';

/** Assigns people as Okta does: look-up, then creation. */
export async function assign(okta: Okta, people: Person[]): Promise<string> {
  await okta.each(people, async (person, okta) => {
    const hits = await lookUp(okta, person);
    if (!hits) return;
    okta.check(
      hits.length === 0,
      `the look-up finds ${hits.length} users before the user exists: Okta would not create it`,
    );
    const password = throwAwayPassword();
    const created = await okta.send('POST', 'Users', creation(person, password));
    if (!okta.check(created.status === 201, unexpected(created, 201))) {
      if (created.status === 0 || created.status >= 500) await adopt(okta, person);
      return;
    }
    const id = typeof created.body.id === 'string' ? created.body.id : '';
    if (!okta.check(id !== '', 'the answer to the creation has no id, which Okta calls an empty user')) return;
    person.shown = { ...created.body, id };
    report(okta, 'the answer to the creation', lost({ ...person.profile, active: true }, created.body));
    const shown = 'password' in created.body || created.text.includes(password);
    okta.check(!shown, 'the answer to the creation shows the password');
    const location = created.headers.get('location') ?? '';
    okta.check(location.endsWith(`/Users/${id}`), `Location is "${location}", not the address of the new user`);
  });
  const created = people.filter(isAssigned).length;
  if (created === 0) throw new Stop('No user could be created, so there is nothing to go on with.');
  return `${created} created`;
}

/** After a creation without a proper answer: whoever was created all the same must not stay behind active. */
async function adopt(okta: Okta, person: Person): Promise<void> {
  const hits = (await lookUp(okta, person)) ?? [];
  const own = hits.find(({ externalId }) => externalId === person.profile.externalId);
  if (typeof own?.id === 'string') person.shown = { ...own, id: own.id };
}

/** Assigns somebody who exists: Okta links by the id that the look-up shows and pushes its profile. */
export async function link(okta: Okta, people: Assigned[]): Promise<string> {
  await okta.each(people.slice(0, 1), async (person, okta) => {
    if (!(await findOne(okta, person))) return;
    await putProfile(okta, person, person.profile);
  });
  return 'looked up, linked';
}

/** Pushes a changed name, title and department; a catalogue app may be set to PATCH for that, so a third of them does. */
export async function update(okta: Okta, people: Assigned[], dialect: Dialect): Promise<string> {
  const patches = (index: number) => dialect === 'oin' && index % 3 === 2;
  await okta.each(people, async (person, okta, index) => {
    const change = profileChange(index);
    if (!patches(index)) await putProfile(okta, person, change);
    else if (await patch(okta, person, change)) await verify(okta, person, change);
  });
  const patched = people.filter((_, index) => patches(index)).length;
  return patched > 0 ? `${people.length - patched} by PUT, ${patched} by PATCH` : 'by PUT';
}

/** Deactivates people; each must stay readable and findable, or nobody could be hired again. */
export async function deactivate(okta: Okta, people: Assigned[], dialect: Dialect): Promise<string> {
  await okta.each(people, async (person, okta, index) => {
    if (!(await setActive(okta, person, false, dialect))) return;
    await findOne(okta, person);
    if (index > 0) return;
    // Once more, as after a retried task; then a profile push that was under way and says nothing about `active`.
    await setActive(okta, person, false, dialect);
    const put = await okta.send('PUT', path(person), without(person.shown, 'active'));
    if (!okta.check(put.status === 200, unexpected(put, 200))) return;
    await verify(okta, person, {}, 'GET after a PUT without active');
  });
  return dialect === 'oin' ? 'by PATCH' : 'by GET and PUT';
}

/** Assigns deactivated people again: look-up, `active` true, profile pushed; the same id throughout. */
export async function reactivate(okta: Okta, people: Assigned[], dialect: Dialect): Promise<string> {
  await okta.each(people, async (person, okta) => {
    if (!(await findOne(okta, person))) return;
    if (!(await setActive(okta, person, true, dialect))) return;
    if (dialect === 'oin') await putProfile(okta, person, person.profile);
  });
  return 'looked up, reactivated';
}

/** Ends the run: Okta never deletes, so people are deactivated, unless `cleanup` asks for DELETE. */
export async function leave(okta: Okta, people: Assigned[], dialect: Dialect, cleanup: boolean): Promise<string> {
  const present = cleanup ? people : people.filter(isActive);
  await okta.each(present, async (person, okta) => {
    if (!cleanup) {
      await setActive(okta, person, false, dialect);
      return;
    }
    const deleted = await okta.send('DELETE', path(person));
    if (!okta.check(deleted.status === 204, unexpected(deleted, 204))) return;
    const gone = await okta.send('GET', path(person));
    okta.check(gone.status === 404, unexpected(gone, 404));
    const left: Person = person;
    delete left.shown;
  });
  return cleanup ? 'deleted' : 'deactivated, as Okta never deletes';
}

/** Sets `active` in the dialect's way and verifies it by reading. */
async function setActive(okta: Okta, person: Assigned, active: boolean, dialect: Dialect): Promise<boolean> {
  if (dialect === 'oin') {
    if (!(await patch(okta, person, { active }))) return false;
  } else {
    const before = await readUnchanged(okta, person);
    if (!before) return false;
    const body = withSchemas(overlay(before, { ...(active && person.profile), active }));
    // Okta's sample of the deactivating PUT has neither `groups` nor `locale`; nothing may be lost by that.
    const put = await okta.send('PUT', path(person), active ? body : without(body, 'groups', 'locale'));
    if (!okta.check(put.status === 200, unexpected(put, 200))) return false;
    okta.check(put.body.active === active, `the answer to the PUT of active ${active} does not show it`);
  }
  return verify(okta, person, { active });
}

/** GET, then PUT of the answer with `change` laid over it, then a reading to verify. */
async function putProfile(okta: Okta, person: Assigned, change: Json): Promise<void> {
  const before = await readUnchanged(okta, person);
  if (!before) return;
  const put = await okta.send('PUT', path(person), withSchemas(overlay(before, change)));
  if (!okta.check(put.status === 200, unexpected(put, 200))) return;
  report(okta, 'the answer to the PUT', lost({ id: person.shown.id, ...without(change, 'schemas') }, put.body));
  await verify(okta, person, change);
}

/** Catalogue apps PATCH without a path (RFC 7644 section 3.5.2.3); the answer may be 200 with the user, or 204. */
async function patch(okta: Okta, person: Assigned, value: Json): Promise<boolean> {
  const schemas = ['urn:ietf:params:scim:api:messages:2.0:PatchOp'];
  const patched = await okta.send('PATCH', path(person), { schemas, Operations: [{ op: 'replace', value }] });
  if (patched.status === 204) return true;
  if (!okta.check(patched.status === 200, unexpected(patched, '200 or 204'))) return false;
  report(okta, 'the answer to the PATCH', lost(value, patched.body));
  return true;
}

/** Reads the person again: only `change` may have changed, since the server last showed the person. */
async function verify(okta: Okta, person: Assigned, change: Json, where = 'GET after the change'): Promise<boolean> {
  person.profile = overlay(person.profile, without(change, 'active', 'schemas'));
  return (await readAs(okta, person, overlay(person.shown, change), where)) !== undefined;
}

/** Reads the person, whom nobody has changed since the server last showed them. */
async function readUnchanged(okta: Okta, person: Assigned): Promise<Json | undefined> {
  return readAs(okta, person, person.shown, 'GET before the change');
}

/** Reads the person and compares with `expected`; undefined when there is nothing to read. Remembers what is shown. */
async function readAs(okta: Okta, person: Assigned, expected: Json, where: string): Promise<Json | undefined> {
  const { id } = person.shown;
  const answer = await okta.send('GET', path(person));
  if (!okta.check(answer.status === 200, unexpected(answer, 200))) return undefined;
  if (!okta.check(answer.body.id === id, `${answer.request}: id is ${JSON.stringify(answer.body.id)}`))
    return undefined;
  report(okta, where, changed(expected, answer.body));
  person.shown = { ...answer.body, id };
  return person.shown;
}

/** The resources that Okta's look-up before an assignment finds; undefined when it fails. */
async function lookUp(okta: Okta, person: Person): Promise<Json[] | undefined> {
  const filter = encodeURIComponent(`userName eq ${JSON.stringify(person.userName)}`);
  const answer = await okta.send('GET', `Users?filter=${filter}&startIndex=1&count=100`);
  if (!okta.check(answer.status === 200, unexpected(answer, 200))) return undefined;
  const page = readPage(answer.body);
  if (typeof page === 'string') {
    okta.check(false, `${answer.request}: the answer ${page}`);
    return undefined;
  }
  return page.resources;
}

/** Looks up a person who exists: exactly one hit, with what Okta needs to link. */
async function findOne(okta: Okta, person: Assigned): Promise<boolean> {
  const hits = await lookUp(okta, person);
  if (!hits) return false;
  const [hit = {}] = hits;
  if (!okta.check(hits.length === 1, `the look-up finds ${hits.length} users instead of one`)) return false;
  report(okta, 'the look-up', changed(person.shown, hit));
  return true;
}

/** Counts one check that holds when there are no `faults`. */
function report(okta: Okta, where: string, faults: string[]): void {
  okta.check(faults.length === 0, `${where}: ${faults.join('; ')}`);
}

/** Okta lists the schema of every extension it sends. */
function withSchemas(resource: Json): Json {
  const extensions = Object.keys(resource).filter((name) => name.startsWith('urn:'));
  return { ...resource, schemas: [...new Set([resource.schemas ?? [], extensions].flat())] };
}

function path(person: Assigned): string {
  return `Users/${encodeURIComponent(person.shown.id)}`;
}
