/** The names by which people are found: from any word on, however they are written. */
import { expect } from 'chai';
import { User } from '../../../proto/gen/userstore/v1/user.js';
import { spokenName, spokenNames } from '../../../userstore/model/spoken-names.js';

type Names = { displayName?: string; given?: string; family?: string; formatted?: string };

const keysOf = ({ displayName, given: givenName, family: familyName, formatted }: Names) =>
  spokenNames(
    User.fromPartial({
      ...(displayName === undefined ? {} : { displayName }),
      name: {
        ...(givenName === undefined ? {} : { givenName }),
        ...(familyName === undefined ? {} : { familyName }),
        ...(formatted === undefined ? {} : { formatted }),
      },
    }),
  );
const isFound = (names: Names, text: string) => keysOf(names).some((key) => key.startsWith(spokenName(text)));

describe('the names by which a person is found', () => {
  it('begin at each word of the display name, and of the given and the family name in both orders', () => {
    const ana = { displayName: 'Ana Ruiz', given: 'Ana', family: 'Ruiz' };
    expect(keysOf(ana)).to.deep.equal(['ana ruiz', 'ruiz ana']);
    for (const text of ['ana', 'Ana R', 'RUIZ', 'ruiz, ana', '  ana   ruiz '])
      expect(isFound(ana, text), text).to.equal(true);
    for (const text of ['na', 'uiz', 'ana ana', 'anar']) expect(isFound(ana, text), text).to.equal(false);
  });

  it('leave out middle names, and need no display name', () => {
    for (const text of ['ana ruiz', 'ana maria ruiz', 'maria ruiz', 'lopez', 'ruiz lopez ana']) {
      expect(isFound({ given: 'Ana Maria', family: 'Ruiz Lopez' }, text), text).to.equal(true);
    }
    expect(isFound({ formatted: 'Dr. Ben Okoye' }, 'ben okoye')).to.equal(true);
  });

  const WRITTEN: [name: string, heard: string][] = [
    ['Zoë Müller', 'zoe muller'],
    ['Søren Łukasz', 'soren lukasz'],
    ["Conan O'Brien", 'O’brien'],
    ['Jean-Luc Picard', 'jean luc'],
    ['STRASSE Groß', 'gross'],
    ['山田 太郎', '太郎'],
    ['Νίκος Παππάς', 'παππας'],
    ['‮Ana‬ Ruiz', 'ana ruiz'],
  ];
  for (const [name, heard] of WRITTEN) {
    it(`find ${JSON.stringify(name)} as ${heard}`, () => {
      expect(isFound({ displayName: name }, heard)).to.equal(true);
    });
  }

  it('are few and short, whatever is sent', () => {
    const many = keysOf({ displayName: 'a b '.repeat(512), given: 'word '.repeat(400), family: 'x'.repeat(2048) });
    expect(many.length).to.be.within(1, 18);
    for (const key of many) expect(key.length).to.be.at.most(64);
    expect(isFound({ displayName: 'A'.repeat(2048) }, 'a'.repeat(256))).to.equal(true);
    expect(keysOf({ displayName: ' .-\u200b ' })).to.deep.equal([]);
    expect(spokenName('@')).to.equal('');
  });
});
