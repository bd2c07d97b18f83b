/** Steps in the lifecycle of users: assign, link, update, deactivate, reactivate, clean up. */

import { setTimeout as sleep } from 'node:timers/promises';
import { StopError, unexpected } from './client.js';
import { type Assigned, creation, isActive, isAssigned, type Person, profileChange, randomPassword } from './people.js';
import { lost, without } from './resource.js';
import type { Okta } from './step.js';
import { type Dialect, findOne, lookUp, patch, path, putProfile, report, setActive, verify } from './user.js';

const CLEAN_UP_ATTEMPTS = 3;
const CLEAN_UP_PAUSE_MS = 3000;

/** Assigns people as Okta does: looks each up, then creates the user. */
export async function assign(okta: Okta, people: Person[]): Promise<string> {
  await okta.each(people, async (person, okta) => {
    const hits = await lookUp(okta, person);
    if (!hits) return;
    okta.check(
      hits.length === 0,
      `the look-up finds ${hits.length} users before the user exists: Okta would not create it`,
    );
    const password = randomPassword();
    person.posted = true;
    const created = await okta.send('POST', 'Users', creation(person, password));
    if (!okta.check(created.status === 201, unexpected(created, 201))) return;
    const id = typeof created.body.id === 'string' ? created.body.id : '';
    if (!okta.check(id !== '', 'the answer to the creation has no id, which Okta reports as an empty user')) return;
    person.shown = { ...created.body, id };
    report(okta, 'the answer to the creation', lost({ ...person.profile, active: true }, created.body));
    const shown = 'password' in created.body || created.text.includes(password);
    okta.check(!shown, 'the answer to the creation shows the password');
    const location = created.headers.get('location') ?? '';
    okta.check(location.endsWith(`/Users/${id}`), `Location is "${location}", not the address of the new user`);
  });
  const created = people.filter(isAssigned).length;
  if (created === 0) throw new StopError('No user could be created, so the run cannot continue.');
  return `${created} created`;
}

/** Assigns an existing user: Okta links by the id that the look-up returns, and pushes its profile. */
export async function link(okta: Okta, people: Assigned[]): Promise<string> {
  await okta.each(people.slice(0, 1), async (person, okta) => {
    if (!(await findOne(okta, person))) return;
    await putProfile(okta, person, person.profile);
  });
  return 'looked up, linked';
}

/**
 * Pushes a changed name, title and department. A third of the catalogue app's users get a PATCH, which Okta can use.
 */
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

/** Deactivates people. Each must stay readable and findable, because a rehire reactivates the user. */
export async function deactivate(okta: Okta, people: Assigned[], dialect: Dialect): Promise<string> {
  await okta.each(people, async (person, okta, index) => {
    if (!(await setActive(okta, person, false, dialect))) return;
    await findOne(okta, person);
    if (index > 0) return;
    // Again, like a retried task; then like a concurrent profile push without `active`.
    await setActive(okta, person, false, dialect);
    const put = await okta.send('PUT', path(person), without(person.shown, 'active'));
    if (!okta.check(put.status === 200, unexpected(put, 200))) return;
    await verify(okta, person, {}, 'GET after a PUT without active');
  });
  return dialect === 'oin' ? 'by PATCH' : 'by GET and PUT';
}

/** Assigns deactivated people again: looks each up, sets `active` and pushes the profile. The id stays the same. */
export async function reactivate(okta: Okta, people: Assigned[], dialect: Dialect): Promise<string> {
  await okta.each(people, async (person, okta) => {
    if (!(await findOne(okta, person))) return;
    if (!(await setActive(okta, person, true, dialect))) return;
    if (dialect === 'oin') await putProfile(okta, person, person.profile);
  });
  return 'looked up, reactivated';
}

/**
 * Deactivates all people of the run, because Okta never deletes, or deletes them with `cleanup`. Retries after a pause,
 * so that no user stays active after a short outage.
 */
export async function cleanUp(okta: Okta, people: Person[], dialect: Dialect, cleanup: boolean): Promise<string> {
  await okta.each(
    people.filter((person) => person.posted && !isAssigned(person)),
    adopt,
  );
  const remaining = () => people.filter(isAssigned).filter((person) => cleanup || isActive(person));
  for (let attempt = 1; attempt <= CLEAN_UP_ATTEMPTS && remaining().length > 0; attempt++) {
    if (attempt > 1) await sleep(CLEAN_UP_PAUSE_MS);
    await okta.each(remaining(), async (person, okta) => {
      if (cleanup) await deleteUser(okta, person);
      else await setActive(okta, person, false, dialect);
    });
  }
  return cleanup ? 'deleted' : 'deactivated, as Okta never deletes';
}

/** Finds the user of a creation whose answer was unusable, because the server may have created the user. */
async function adopt(person: Person, okta: Okta): Promise<void> {
  const hits = (await lookUp(okta, person)) ?? [];
  const own = hits.find(({ externalId }) => externalId === person.profile.externalId);
  if (typeof own?.id === 'string') person.shown = { ...own, id: own.id };
}

async function deleteUser(okta: Okta, person: Assigned): Promise<void> {
  const deleted = await okta.send('DELETE', path(person));
  okta.check(deleted.status === 204, unexpected(deleted, 204));
  const gone = await okta.send('GET', path(person));
  if (!okta.check(gone.status === 404, unexpected(gone, 404))) return;
  const deletedPerson: Person = person;
  delete deletedPerson.shown;
}
