/** The values of a connection: issuers as OpenID Connect compares them, domains as e-mail addresses have them. */
import { expect } from 'chai';
import { domainIn, domainsIn, issuerIn } from '../../../userstore/model/connection-values.js';

describe('an issuer', () => {
  for (const [given, issuer] of [
    ['https://oakstreet.okta.com', 'https://oakstreet.okta.com'],
    ['https://oakstreet.okta.com/', 'https://oakstreet.okta.com'],
    ['  HTTPS://OakStreet.Okta.COM//  ', 'https://oakstreet.okta.com'],
    ['https://login.oakstreet.example:8443', 'https://login.oakstreet.example:8443'],
    ['https://oakstreet.okta.com:443', 'https://oakstreet.okta.com'],
    ['https://oakstreet.okta.com/oauth2/default', 'https://oakstreet.okta.com/oauth2/default'],
    ['https://oakstreet.okta.com/oauth2/ausABC/', 'https://oakstreet.okta.com/oauth2/ausABC'],
    ['http://127.0.0.1:9999', 'http://127.0.0.1:9999'],
    ['http://127.3.2.1', 'http://127.3.2.1'],
    ['http://[::1]:9999/x', 'http://[::1]:9999/x'],
    ['http://localhost:9999', 'http://localhost:9999'],
  ] as const) {
    it(`${JSON.stringify(given)} is ${issuer}`, () => expect(issuerIn(given)).to.equal(issuer));
  }

  for (const given of [
    '',
    'oakstreet.okta.com',
    'http://oakstreet.okta.com',
    'http://127.0.0.1.oakstreet.example',
    'http://localhost.oakstreet.example',
    'http://2130706433.example',
    'https://ana:secret@oakstreet.okta.com',
    'https://ana@oakstreet.okta.com',
    'https://oakstreet.okta.com?x=1',
    'https://oakstreet.okta.com/?',
    'https://oakstreet.okta.com/#',
    'https://oakstreet.okta.com/a/../b',
    'https://oakstreet.okta.com\\x',
    'https:oakstreet.okta.com',
    'https://oakstreet.okta.com/a b',
    'javascript:alert(1)',
    'file:///etc/passwd',
    `https://oakstreet.okta.com/${'x'.repeat(500)}`,
  ]) {
    it(`${JSON.stringify(given.slice(0, 50))} is refused`, () => {
      expect(() => issuerIn(given))
        .to.throw()
        .include({ reason: 5, field: 'connection.issuer' });
    });
  }
});

describe('a domain', () => {
  for (const [given, domain] of [
    ['oakstreet.example', 'oakstreet.example'],
    [' OakStreet.EXAMPLE ', 'oakstreet.example'],
    ['mail.oakstreet.co.uk', 'mail.oakstreet.co.uk'],
    ['eiche-straße.example', 'xn--eiche-strae-46a.example'],
    ['例え.example', 'xn--r8jz45g.example'],
    ['xn--r8jz45g.example', 'xn--r8jz45g.example'],
  ] as const) {
    it(`${JSON.stringify(given)} is ${domain}`, () => expect(domainIn(given)).to.equal(domain));
  }

  for (const given of [
    '',
    'localhost',
    '@oakstreet.example',
    'ana@oakstreet.example',
    'oakstreet.example/',
    'oakstreet.example:80',
    '.oakstreet.example',
    'oakstreet..example',
    'oakstreet.example.',
    '-oakstreet.example',
    '*.oakstreet.example',
    '127.0.0.1',
    '1.2',
    '[::1]',
    'a b.example',
    `${'x'.repeat(64)}.example`,
    `${'x.'.repeat(130)}example`,
  ]) {
    it(`${JSON.stringify(given.slice(0, 50))} is none`, () => expect(domainIn(given)).to.equal(undefined));
  }

  it('is listed once however often it is given, and 1 to 100 are', () => {
    expect(domainsIn(['B.example', 'a.example', 'b.example'])).to.deep.equal(['b.example', 'a.example']);
    for (const given of [[], Array.from({ length: 101 }, (_, index) => `x${index}.example`), ['a.example', 'b']]) {
      expect(() => domainsIn(given))
        .to.throw()
        .include({ reason: 5, field: 'connection.domains' });
    }
  });
});
