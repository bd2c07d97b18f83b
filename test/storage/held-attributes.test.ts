/** The extension attributes that discovery publishes: noted once, and bounded. */
import { expect } from 'chai';
import { AttributeType } from '../../proto/gen/userstore/v1/extension_schema.js';
import { createNoteHeld } from '../../userstore/storage/held-attributes.js';
import { type Database, eventOfVersion, openDatabase, soon } from './database.js';

const URN = 'urn:acme:1.0:User';
const attribute = (name: string, value: unknown, schema = URN) => ({ schema, name, valueJson: JSON.stringify(value) });

describe('held extension attributes', () => {
  let database: Database;
  const insert = (id: string) =>
    database.organizations.insert(
      {
        id,
        displayName: 'd',
        createTime: new Date(),
        etag: '',
        strictSchemas: false,
        extensionSchemas: [],
        suspended: false,
        policy: undefined,
        rateLimit: undefined,
        heldAttributes: [],
      },
      eventOfVersion(),
      soon(),
    );
  const heldBy = async (id: string) => (await database.organizations.get(id, soon()))?.heldAttributes ?? [];
  before(async () => {
    database = await openDatabase('held');
    for (const id of ['one', 'two', 'full']) await insert(id);
  });
  after(() => database.close());

  it('are noted with the type of their first value, members of objects too, per organization', async () => {
    const note = createNoteHeld(database.collections.organizations);
    const values = [attribute('a', 'x'), attribute('n', [1]), attribute('o', { b: true, deep: { c: 1 }, none: null })];
    await note('one', values, soon());
    await note('one', [attribute('A', 7, URN.toUpperCase()), attribute('o', { d: 's' })], soon());
    const { ATTRIBUTE_TYPE_STRING, ATTRIBUTE_TYPE_DECIMAL, ATTRIBUTE_TYPE_BOOLEAN } = AttributeType;
    expect(await heldBy('one')).to.deep.equal([
      { schema: URN, name: 'a', type: ATTRIBUTE_TYPE_STRING, multiValued: false },
      { schema: URN, name: 'n', type: ATTRIBUTE_TYPE_DECIMAL, multiValued: true },
      { schema: URN, name: 'o', type: AttributeType.ATTRIBUTE_TYPE_UNSPECIFIED, multiValued: false },
      { schema: URN, name: 'o.b', type: ATTRIBUTE_TYPE_BOOLEAN, multiValued: false },
      { schema: URN, name: 'o.d', type: ATTRIBUTE_TYPE_STRING, multiValued: false },
    ]);
    expect(await heldBy('two')).to.deep.equal([]);
    expect((await database.organizations.get('one', soon()))?.etag).to.equal('W/"1"');
  });

  it('cost nothing once they are noted', async () => {
    const note = createNoteHeld(database.collections.organizations);
    await note('two', [attribute('a', 'x')], soon());
    const commands = await database.commandsOf(() => note('two', [attribute('a', 'another')], soon()));
    expect(commands).to.deep.equal([]);
  });

  it('are 200 at most, also when several userstores note them at once', async () => {
    const notes = [1, 2, 3].map(() => createNoteHeld(database.collections.organizations));
    await Promise.all(
      notes.map((note, turn) =>
        note(
          'full',
          Array.from({ length: 150 }, (_, index) => attribute(`a${turn}x${index}`, 1)),
          soon(),
        ),
      ),
    );
    expect(await heldBy('full')).to.have.length(200);
    const [note] = notes;
    await note?.('full', [attribute('another', 1)], soon());
    const commands = await database.commandsOf(async () => note?.('full', [attribute('another', 1)], soon()));
    expect(commands).to.deep.equal([]);
  });

  it('that cannot be noted fail no write', async () => {
    const note = createNoteHeld(database.collections.organizations);
    await note('two', [attribute('late', 1)], Date.now() - 1);
    await note('nobody', [attribute('a', 1)], soon());
    await note('two', [attribute('x'.repeat(500), 1)], soon());
    expect((await heldBy('two')).map(({ name }) => name)).to.deep.equal(['a']);
  });
});
