/**
 * Okta's published SPEC suite, run step by step as Okta's runner would: its requests, its assertions, its variables.
 * The suite is data that is not part of this project; without it the test is skipped and says so.
 */
import { existsSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { freshTenant, type Tenant } from '../../harness/organizations.js';
import { oktaUser } from '../../harness/scim.js';

const FILE = process.env.OKTA_SPEC_SUITE ?? '../shared/okta-tests/Okta-SCIM-20-SPEC-Test.json';

interface Assertion {
  comparison: string;
  source: 'response_status' | 'response_json' | 'response_time';
  value: string | null;
  property?: string;
}
interface Step {
  step_type: string;
  note?: string;
  method: string;
  url: string;
  headers: Record<string, string[]>;
  body?: string;
  assertions: Assertion[];
  variables: { name: string; property: string }[];
  scripts: string[];
}

const steps: Step[] = existsSync(FILE) ? (JSON.parse(readFileSync(FILE, 'utf8')) as { steps: Step[] }).steps : [];

describe("Okta's SPEC suite", () => {
  const variables: Record<string, string> = {};
  let tenant: Tenant;

  before(async function () {
    if (steps.length === 0) {
      console.log(`      skipped: Okta's suite is not at ${FILE} (set OKTA_SPEC_SUITE)`);
      this.skip();
    }
    tenant = await freshTenant();
    // The suite judges the first user there is, so there must be a complete one.
    await tenant.scim('POST', '/Users', oktaUser('first@suite.example'));
    const given = `Runscope${Date.now() % 1000}`;
    const family = `Hf${Math.random().toString(36).slice(2, 10)}`;
    const email = `${given}${family}@atko.com`;
    Object.assign(variables, {
      SCIMBaseURL: tenant.baseUrl,
      auth: `apikey ${tenant.secret}`,
      randomGivenName: given,
      randomFamilyName: family,
      randomEmail: email,
      randomUsername: email,
      randomUsernameCaps: email.toUpperCase(),
      InvalidUserEmail: 'abcdefgh@atko.com',
      UserIdThatDoesNotExist: '010101001010101011001010101011',
    });
  });

  for (const [index, step] of steps.entries()) {
    if (step.step_type !== 'request') continue;
    it(`step ${index + 1}: ${step.note ?? step.url}`, async () => {
      const start = performance.now();
      const response = await fetch(new URL(filled(step.url)), {
        method: step.method,
        headers: Object.entries(step.headers).map(([name, [value = '']]) => [name, filled(value)] as [string, string]),
        ...(step.body ? { body: filled(step.body) } : {}),
      });
      const body: unknown = await response.json();
      const ms = performance.now() - start;
      for (const { comparison, source, value, property } of step.assertions) {
        const actual =
          source === 'response_status' ? response.status : source === 'response_time' ? ms : valueAt(body, property);
        assertLike(comparison, actual, value === null ? null : filled(value), `${source} ${property ?? ''}`);
      }
      // The one script of the suite, in words: no groups, or a list of them.
      if (step.scripts.some((script) => script.includes('totalResults'))) {
        expect(valueAt(body, 'totalResults') === 0 || Array.isArray(valueAt(body, 'Resources'))).to.equal(true);
      }
      for (const { name, property } of step.variables) variables[name] = String(valueAt(body, property));
    });
  }

  const filled = (text: string) =>
    text.replace(/\{\{(\w+)\}\}/g, (_, name: string) => {
      const value = variables[name];
      if (value === undefined) throw new Error(`the suite uses a variable that is not set: ${name}`);
      return value;
    });
});

/** The value of a path such as `Resources[0].name.givenName`. */
function valueAt(body: unknown, property = ''): unknown {
  const keys = property.split(/[.[\]]+/).filter((key) => key !== '');
  return keys.reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], body);
}

function assertLike(comparison: string, actual: unknown, value: string | null, what: string): void {
  switch (comparison) {
    case 'equal_number':
      expect(actual, what).to.equal(Number(value));
      return;
    case 'equal':
      expect(String(actual), what).to.equal(value);
      return;
    case 'not_empty':
      expect(actual === undefined || actual === null || actual === '' || String(actual) === '', what).to.equal(false);
      return;
    case 'contains':
      expect(String(actual), what).to.include(value);
      return;
    case 'has_value':
      expect(actual, what).to.include(value);
      return;
    case 'is_a_number':
      expect(actual, what).to.be.a('number');
      return;
    case 'is_less_than':
      expect(actual, what).to.be.lessThan(Number(value));
      return;
    default:
      throw new Error(`the suite asserts in a way this test does not know: ${comparison}`);
  }
}
