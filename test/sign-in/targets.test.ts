/** Where a browser may be sent, and which addresses have a domain: pure, so that anything can be tried. */
import { expect } from 'chai';
import fc from 'fast-check';
import { addressIn } from '../../edge/sign-in/address.js';
import { targetOf } from '../../edge/sign-in/target.js';

const APP = 'https://app.example/start';

describe('the target of a sign-in', () => {
  const own: [asked: string, target: string][] = [
    ['/', 'https://app.example/'],
    ['/units/7?a=b#c', 'https://app.example/units/7?a=b#c'],
    ['https://app.example/x', 'https://app.example/x'],
    ['HTTPS://APP.EXAMPLE/x', 'https://app.example/x'],
    ['https://app.example:443/x', 'https://app.example/x'],
    ['/%2F/evil.example', 'https://app.example/%2F/evil.example'],
    ['/.//evil.example', 'https://app.example//evil.example'],
  ];
  for (const [asked, target] of own) {
    it(`may be ${asked}`, () => expect(targetOf(asked, APP)).to.equal(target));
  }

  const others = [
    'https://evil.example/',
    '//evil.example',
    '///evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '/\t/evil.example',
    '\t//evil.example',
    '/\u0000/evil.example',
    'https:evil.example',
    'https:/evil.example',
    'https://app.example@evil.example/',
    'https://ana@app.example/',
    'https://ana:secret@app.example/',
    'https://app.example.evil.example/',
    'https://app.example\\@evil.example/',
    'https://app.example:444/',
    'http://app.example/',
    'javascript:alert(1)',
    'data:text/html,x',
    'app.example',
    'units/7',
    '?x',
    '',
    `/${'x'.repeat(3000)}`,
    `/${'é'.repeat(1000)}`,
    '/logout',
    '/login/okta?iss=https://evil.example',
    '/x/../LOGIN',
    '/a/..//logout',
    '/.//logout',
    '/a/..///login/okta',
    '/%6cogout',
    '/a/..//%2flogout',
    'https://app.example//logout',
  ];
  for (const asked of [...others, undefined, 7, ['/x'], { asked: '/x' }]) {
    it(`is the application when ${JSON.stringify(asked)?.slice(0, 60)} is asked for`, () => {
      expect(targetOf(asked, APP)).to.equal(APP);
    });
  }

  it('is of the application’s own origin, whatever is asked for', () => {
    const part = fc.constantFrom(
      ...'/\\@:?#.%\t\n\r\0 ',
      '//',
      '%2f',
      '%5c',
      '%00',
      'https:',
      'evil.example',
      'app.example',
    );
    const text = fc.oneof(
      fc.array(part, { maxLength: 8 }).map((parts) => parts.join('')),
      fc.webUrl(),
      fc.string(),
    );
    fc.assert(
      fc.property(text, (asked) => {
        // As a browser reads the header, whatever page it is on.
        const seen = new URL(targetOf(asked, APP), 'https://login.example/login');
        expect([seen.origin, seen.username, seen.password]).to.deep.equal(['https://app.example', '', '']);
        expect(targetOf(asked, APP)).to.match(/^[\x21-\x7e]+$/);
      }),
      { numRuns: 5000 },
    );
  });

  it('is the same when it is asked for again', () => {
    fc.assert(
      fc.property(fc.webPath(), (path) => {
        expect(targetOf(targetOf(path, APP), APP)).to.equal(targetOf(path, APP));
      }),
    );
  });
});

describe('the address that a person types', () => {
  for (const [typed, domain] of [
    ['ana@acme.example', 'acme.example'],
    ['  Ana@ACME.example ', 'acme.example'],
    ['"a@b"@acme.example', 'acme.example'],
    ['ana@bücher.example', 'xn--bcher-kva.example'],
    ['ana@sub.acme.example', 'sub.acme.example'],
  ]) {
    it(`${typed} is of ${domain}`, () => expect(addressIn(typed)?.domain).to.equal(domain));
  }

  for (const typed of [
    '',
    'ana',
    'ana@',
    '@acme.example',
    'ana@localhost',
    'ana@acme .example',
    'ana\u0000@acme.example',
    'a na@acme.example',
    'ana@acme.example/x',
    'ana@acme.example:80',
    'ana@.example',
    `${'a'.repeat(250)}@acme.example`,
    undefined,
    ['ana@acme.example'],
  ]) {
    it(`${JSON.stringify(typed)?.slice(0, 40)} is none`, () => expect(addressIn(typed)).to.equal(undefined));
  }
});
