/** Bodies as they are kept: bounded JSON text without secrets, whatever the client sends. */
import { expect } from 'chai';
import { keptSteps, secretSteps } from '../../../edge/activity/kept-body.js';
import { isSecretName, isSecretText } from '../../../edge/activity/secrets.js';
import type { JsonObject } from '../../../edge/scim/json.js';
import { resultOf } from '../../harness/steps.js';

const SECRET = 'hunter2-correct-horse';
const secretsIn = (body: JsonObject) => resultOf(secretSteps(body));
const kept = (body: JsonObject, answer = body) => resultOf(keptSteps(answer, secretsIn(body) ?? new Set()));

describe('the name of an attribute', () => {
  const secret = [
    'password',
    'PassWord',
    'pass_word',
    'urn:ietf:params:scim:schemas:core:2.0:User:password',
    'user.PWD',
  ];
  secret.push('token', 'accessToken', 'client_secret', 'Authorization', 'API-Key', 'x509Certificates', 'privateKey');
  secret.push('ｐａｓｓｗｏｒｄ', 'Set-Cookie', 'credentials');
  for (const name of secret) it(`says that ${name} is a secret`, () => expect(isSecretName(name)).to.equal(true));
  for (const name of [
    'userName',
    'emails',
    'path',
    'value',
    'displayName',
    'externalId',
    'active',
    'nickName',
    'title',
  ]) {
    it(`says that ${name} is none`, () => expect(isSecretName(name)).to.equal(false));
  }
});

describe('the form of a text', () => {
  const secret = [
    'password eq "x"',
    'emails[type eq "work" and PASSWORD sw "x"]',
    'password=x',
    'Bearer abc',
    'apikey 1ad9f151-5595-4c49-a28c-bba9174675c3',
    '1ad9f15155954c49a28cbba9174675c3',
    'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln',
    '-----BEGIN RSA PRIVATE KEY-----\nMII',
    'https://ana:word@example.com/',
  ];
  for (const text of secret)
    it(`says that ${JSON.stringify(text)} is a secret`, () => expect(isSecretText(text)).to.equal(true));
  const none = [
    'emails[type eq "work"].value',
    'password',
    'Ana Ruiz',
    '0199f7c1-5595-7c49-a28c-bba9174675c3',
    'https://example.com/a',
  ];
  for (const text of none)
    it(`says that ${JSON.stringify(text)} is none`, () => expect(isSecretText(text)).to.equal(false));
});

describe('a kept body', () => {
  it('is the JSON that was sent, if nothing in it is a secret', () => {
    const body = { userName: 'ana', active: false, count: 3, none: null, emails: [{ value: 'a@x', primary: true }] };
    expect(kept(body)).to.deep.equal({ text: JSON.stringify(body), cut: false });
  });

  const bodies: Record<string, JsonObject> = {
    'in any letter case': { PASSWORD: SECRET },
    'at any depth': { a: [{ b: { c: [{ Client_Secret: SECRET }] } }] },
    'as an object or a list': { password: [{ value: { deep: SECRET } }] },
    'under a URN': { 'urn:x:User': { 'urn:x:User:password': SECRET } },
    'of a PATCH operation whose path names it, after the value': {
      Operations: [{ value: SECRET, Path: 'urn:x:password' }],
    },
    'of a PATCH operation as an object': { Operations: [{ path: 'tokens', value: [{ value: SECRET }] }] },
    'in a filter': { filter: `userName eq "a" and password eq "${SECRET}"` },
    'in the path of an operation': { Operations: [{ op: 'remove', path: `x[password eq "${SECRET}"]` }] },
    'under an innocent name beside it': { password: SECRET, nickName: SECRET, title: `it is ${SECRET}!` },
    'as a name': { password: SECRET, [SECRET]: 1 },
    'in a text that is cut': { password: SECRET, title: `${'x'.repeat(1024 - 8)}${SECRET}${'y'.repeat(3000)}` },
  };
  for (const [where, body] of Object.entries(bodies)) {
    it(`holds no secret ${where}`, () => {
      const { text } = kept(body);
      expect(text).to.include('[redacted]').and.not.to.include(SECRET).and.not.to.include(SECRET.slice(0, 8));
      expect(JSON.parse(text)).to.be.an('object');
    });
  }

  it('holds no number that is a secret, and shows that a secret is empty', () => {
    expect(kept({ pwd: 12345678, employeeNumber: 12345678 }).text).to.equal(
      '{"pwd":"[redacted]","employeeNumber":"[redacted]"}',
    );
    expect(kept({ password: '', token: null }).text).to.equal('{"password":"","token":null}');
  });

  it('of an answer holds no secret of the request', () => {
    expect(kept({ password: SECRET }, { detail: `"${SECRET}" is wrong.` }).text).to.equal('{"detail":"[redacted]"}');
  });

  it('has at most 16 KiB, is JSON, and says what was cut', () => {
    const many = {
      members: Array.from({ length: 5000 }, (_, index) => ({ value: String(index), display: 'Ana Ruiz' })),
    };
    const escapes = { a: Array.from({ length: 100 }, () => '\u0001'.repeat(1000)) };
    const names = Object.fromEntries(
      Array.from({ length: 2000 }, (_, index) => [`${'n'.repeat(300)}${index}`, '😀'.repeat(900)]),
    );
    const deep = Array.from({ length: 19 }).reduce<JsonObject>((inner) => ({ a: 'x'.repeat(900), inner, z: 1 }), {
      end: 1,
    });
    for (const body of [many, escapes, names, deep, { text: '😀'.repeat(100_000) }]) {
      const { text, cut } = kept(body);
      expect(Buffer.byteLength(text)).to.be.below(16 * 1024);
      expect(JSON.parse(text)).to.be.an('object');
      expect(cut).to.equal(true);
      expect(text).to.include('…');
    }
  });

  it('keeps a name that reaches JavaScript, as text', () => {
    const body = JSON.parse('{"__proto__":{"admin":true},"constructor":1}') as JsonObject;
    expect(kept(body).text).to.equal('{"__proto__":{"admin":true},"constructor":1}');
    expect(({} as { admin?: boolean }).admin).to.equal(undefined);
  });

  it('has "…" for a list that is read while it is sent', () => {
    class ListText {}
    expect(kept({}, { members: new ListText() })).to.deep.equal({ text: '{"members":"…"}', cut: true });
  });

  it('does not exist if a body has too many values to search, or too many secrets', () => {
    expect(secretsIn({ members: Array.from({ length: 60_000 }, () => 1) })).to.equal(undefined);
    expect(secretsIn({ a: Array.from({ length: 600 }, (_, index) => ({ password: `p${index}` })) })).to.equal(
      undefined,
    );
  });

  it('is cut where texts would take too long to search for many secrets', () => {
    const passwords = Array.from({ length: 499 }, (_, index) => ({
      password: `${'p'.repeat(20)}${index}${'p'.repeat(980)}`,
    }));
    const notes = Array.from({ length: 1000 }, () => 'p'.repeat(600));
    const { text, cut } = kept({ notes, passwords });
    expect(cut).to.equal(true);
    const shown = (JSON.parse(text) as { notes: string[] }).notes.filter((note) => note !== '…');
    expect(shown).to.have.length.within(1, 10);
  });

  it('is made in steps', () => {
    const body = { list: Array.from({ length: 2600 }, () => 1) };
    expect([...secretSteps(body)]).to.have.length.above(160);
    expect([...secretSteps(Object.fromEntries(body.list.map((_, index) => [`n${index}`, 1])))]).to.have.length.above(
      160,
    );
    expect([...keptSteps(body, new Set())]).to.have.length.above(2600);
  });

  it('takes time in proportion to the length of a text, and of a name', () => {
    const start = process.cpuUsage();
    for (const text of [
      `://${':'.repeat(200_000)}`,
      'pwd'.repeat(70_000),
      '-eyJ'.repeat(50_000),
      'pwd'.repeat(9) + ' '.repeat(200_000),
    ]) {
      isSecretText(text);
    }
    isSecretName('\uFDFA'.repeat(250));
    expect(process.cpuUsage(start).user / 1000, 'ms of a processor').to.be.below(1000);
  });

  it('of 5 MB takes little time', () => {
    const body = {
      title: 'x'.repeat(5_000_000),
      password: SECRET,
      list: Array.from({ length: 10_000 }, () => ({ value: 'a' })),
    };
    const start = process.cpuUsage();
    expect(kept(body).text).not.to.include(SECRET);
    expect(process.cpuUsage(start).user / 1000, 'ms of a processor').to.be.below(150);
  });
});
