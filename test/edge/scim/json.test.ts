/** The bytes of a body → an object that is safe to read. */
import { expect } from 'chai';
import { bodySteps, checkSchemas, property } from '../../../edge/scim/json.js';
import { resultOf } from '../../harness/steps.js';
import { refusalOf } from './refusal.js';

const bytes = (text: string) => Buffer.from(text);
const nested = (depth: number, open = '[', close = ']') => `{"a":${open.repeat(depth - 1)}${close.repeat(depth - 1)}}`;

/** The scimType with which a body is refused. */
const parseBody = (bytes: Uint8Array) => resultOf(bodySteps(bytes));
const refusalOfBody = (body: Uint8Array) => refusalOf(() => parseBody(body));

describe('a body', () => {
  for (const text of [
    '{}',
    ' {"a": 1} ',
    '{"userName":"Ána 👩‍👩‍👧 \\u0000"}',
    nested(20),
    `{"a":"${'{['.repeat(100)}"}`,
    `{"a":"\\"${'['.repeat(100)}\\\\"}`,
  ]) {
    it(`is read: ${text.slice(0, 50)}`, () => {
      expect(parseBody(bytes(text))).to.deep.equal(JSON.parse(text));
    });
  }

  const long: [json: string, read: string][] = [
    ['{"a":12345678901234567890}', '{"a":"12345678901234567890"}'],
    ['{"a": -9007199254740993 ,"b":[1,99999999999999999]}', '{"a":"-9007199254740993","b":[1,"99999999999999999"]}'],
    ['{"a":9007199254740991}', '{"a":9007199254740991}'],
    ['{"a":"\\":12345678901234567890,"}', '{"a":"\\":12345678901234567890,"}'],
    ['{"a\\\\":12345678901234567890}', '{"a\\\\":"12345678901234567890"}'],
  ];
  for (const [json, read] of long) {
    it(`keeps whole numbers beyond 2^53 as text: ${json}`, () => {
      expect(parseBody(bytes(json))).to.deep.equal(JSON.parse(read));
    });
  }

  const refused: [title: string, body: Uint8Array][] = [
    ['a long number with a leading zero', bytes('{"a":01234567890123456789}')],
    ['a long number as a name', bytes('{12345678901234567890:1}')],
    ['nothing', bytes('')],
    ['no JSON', bytes('hello')],
    ['cut off', bytes('{"a":')],
    ['a list', bytes('[]')],
    ['null', bytes('null')],
    ['text', bytes('"a"')],
    ['two values', bytes('{}{}')],
    ['nested 21 levels deep', bytes(nested(21))],
    ['nested 100 levels of objects deep', bytes(`${'{"a":'.repeat(100)}1${'}'.repeat(100)}`)],
    ['nested after a text that ends in a backslash', bytes(`{"a":"\\\\","b":${'['.repeat(30)}${']'.repeat(30)}}`)],
    ['not UTF-8', Uint8Array.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
    ['half a surrogate pair', bytes('{"a":"\\ud800"}')],
    ['half a surrogate pair deep inside', bytes('{"a":[{"b":"\\udc00x"}]}')],
    ['__proto__', bytes('{"__proto__":{"active":true}}')],
    ['__proto__ deep inside', bytes('{"a":[{"__proto__":1}]}')],
    ['__proto__, escaped', bytes('{"\\u005f_proto__":1}')],
    ['constructor', bytes('{"constructor":{"prototype":1}}')],
  ];
  for (const [title, body] of refused) {
    it(`is invalidSyntax: ${title}`, () => expect(refusalOfBody(body)).to.equal('invalidSyntax'));
  }

  it('of 5 MB of brackets is refused in no time', () => {
    for (const bracket of ['[', '{"a":']) {
      const body = bytes(bracket.repeat((5 * 1024 * 1024) / bracket.length));
      const start = performance.now();
      expect(refusalOfBody(body)).to.equal('invalidSyntax');
      expect(performance.now() - start).to.be.lessThan(100);
    }
  });

  it('leaves the prototype of objects alone', () => {
    expect(refusalOfBody(bytes('{"__proto__":{"polluted":true}}'))).to.equal('invalidSyntax');
    expect(({} as { polluted?: unknown }).polluted).to.equal(undefined);
  });
});

describe('the names in a body', () => {
  const object = (names: number, value = '1') =>
    `{${Array.from({ length: names }, (_, index) => `"n${index}":${value}`).join(',')}}`;

  const expectRefused = (text: string) => expect(refusalOfBody(bytes(text))).to.equal('invalidSyntax');
  const list = (objects: string[]) => `{"a":[${objects.join(',')}]}`;

  it('are at most 2000 in one object, wherever it is; colons in text are none', () => {
    expect(Object.keys(parseBody(bytes(object(2000))))).to.have.length(2000);
    expect(Object.keys(parseBody(bytes(object(2000, '":::\\":"'))))).to.have.length(2000);
    expectRefused(object(2001));
    expectRefused(`{"a":[{"b":1},${object(2001)}]}`);
  });

  it('are at most 200,000 in all, counted before any of them is parsed', () => {
    const lists = (count: number) => list(Array(count).fill(object(100)));
    expect(parseBody(bytes(lists(1999))).a).to.have.length(1999);
    const start = performance.now();
    expectRefused(lists(2001));
    // A refusal scans bytes; it makes no object of 400,000 names.
    expect(performance.now() - start).to.be.below(500);
  });

  it('are at most 50,000 beyond the first hundred of their objects', () => {
    expect(parseBody(bytes(list(Array(55).fill(object(1000))))).a).to.have.length(55);
    expectRefused(list(Array(56).fill(object(1000))));
  });

  it('make at most 5000 shapes of objects, each of which costs the parser as much as a hundred values', () => {
    const different = (objects: number) =>
      list(Array.from({ length: objects }, (_, index) => `{"n${index}":"${'x'.repeat(20)}"}`));
    expect(parseBody(bytes(different(4990))).a).to.have.length(4990);
    expectRefused(different(5010));
    const orders = Array.from(
      { length: 10_000 },
      (_, index) => `{"a${index % 100}":1,"b${Math.floor(index / 100)}":1}`,
    );
    expectRefused(list(orders));
  });
});

describe('the values in a body', () => {
  for (const value of ['[]', '{}', '1', '""']) {
    it(`are at most 250,000: ${value}`, () => {
      const list = (count: number) => bytes(`{"a":[${Array(count).fill(value).join(',')}]}`);
      expect(parseBody(list(250_000)).a).to.have.length(250_000);
      expect(refusalOfBody(list(250_100))).to.equal('invalidSyntax');
    });
  }
});

describe('schemas', () => {
  const urn = 'urn:ietf:params:scim:schemas:core:2.0:User';
  for (const body of [{ schemas: [urn] }, { Schemas: ['urn:x:y', urn.toUpperCase()] }, { schemas: urn }]) {
    it(`are accepted: ${JSON.stringify(body)}`, () => expect(() => checkSchemas(body, urn)).not.to.throw());
  }
  for (const body of [
    {},
    { schemas: [] },
    { schemas: null },
    { schemas: ['urn:x:y'] },
    { schemas: [{ urn }] },
    { schemas: { 0: urn } },
  ]) {
    it(`are invalidSyntax: ${JSON.stringify(body)}`, () => {
      expect(refusalOf(() => checkSchemas(body, urn))).to.equal('invalidSyntax');
    });
  }
});

describe('a property', () => {
  it('is found in any letter case, and only if the object has it itself', () => {
    expect(property({ Operations: 1 }, 'operations')).to.equal(1);
    expect(property({}, 'toString')).to.equal(undefined);
  });
});
