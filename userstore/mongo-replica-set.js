/** Initiates the replica set of the three servers once, and waits until all of them serve. mongosh runs it. */
const { readFileSync } = require('node:fs');

const MEMBERS = ['mongo:27017', 'mongo-2:27017', 'mongo-3:27017'];
const NOT_YET_INITIALIZED = 94;
const WAIT_MS = 90_000;
const [PRIMARY, SECONDARY] = [1, 2];

const password = encodeURIComponent(readFileSync('/run/secrets/mongodb_root_password', 'utf8').trim());
const admin = connect(`mongodb://root:${password}@${MEMBERS[0]}/admin?directConnection=true`);

/** Returns the state of each member; undefined before the replica set exists. */
function states() {
  try {
    return admin.adminCommand({ replSetGetStatus: 1 }).members.map(({ state }) => state);
  } catch (error) {
    if (error.code === NOT_YET_INITIALIZED) return undefined;
    throw error;
  }
}

if (states() === undefined) {
  const members = MEMBERS.map((host, _id) => ({ _id, host }));
  admin.adminCommand({ replSetInitiate: { _id: 'leasehawk', members } });
}
const giveUp = Date.now() + WAIT_MS;
const isServing = (found) => found.includes(PRIMARY) && found.every((state) => [PRIMARY, SECONDARY].includes(state));
while (!isServing(states() ?? [])) {
  if (Date.now() > giveUp) throw new Error(`the replica set does not serve: members are in states ${states()}`);
  sleep(500);
}
print('the replica set serves');
