/** The words for wrong values of every variable of every process. */
import { expect } from 'chai';
import { variables as admin } from '../../bin/admin/config.js';
import { variables as okta } from '../../bin/okta/config.js';
import { variables as start } from '../../bin/start/config.js';
import type { Variables } from '../../config/variables.js';
import { type ConfigurationError, readVariables } from '../../config/variables.js';
import { variables as edge } from '../../edge/config.js';
import { variables as userstore } from '../../userstore/config.js';

const PROCESSES: Record<string, Variables> = { edge, userstore, start, admin, okta };
const WRONG = ['x', '-1', '1.5', '99999999999', '1e400', 'NaN', 'https://', 'a,b', '\u0000', 'true ', '{}'];

function problemsOf(variables: Variables, env: Record<string, string>): [variable: string, message: string][] {
  try {
    readVariables(variables, env, () => '');
    return [];
  } catch (error) {
    return (error as ConfigurationError).problems.map(({ variable, message }) => [variable, message]);
  }
}

describe('the words for a wrong value', () => {
  for (const [name, variables] of Object.entries(PROCESSES)) {
    it(`are the project's own for each variable of ${name}, one problem for each variable`, () => {
      for (const variable of Object.keys(variables.shape)) {
        for (const value of WRONG) {
          const problems = problemsOf(variables, { [variable]: value }).filter(([found]) => found === variable);
          expect(problems.length, `${variable}=${value}`).to.be.at.most(1);
          for (const [, message] of problems) {
            expect(message, `${variable}=${value}`).not.to.match(/invalid|expected|received|too (big|small)|NaN|zod/i);
            expect(message).not.to.include('another form');
          }
        }
      }
    });
  }

  for (const [variable, value, message] of [
    ['PORT', '99999', 'must be a whole number from 0 to 65535'],
    ['PORT', '80.5', 'must be a whole number from 0 to 65535'],
    ['METRICS_PORT', 'x', 'must be a whole number from 1 to 65535'],
    ['MAX_REQUESTS', '9', 'must be a whole number from 10 to 100000'],
    ['LOG_LEVEL', 'loud', 'must be trace, debug, info, warn, error or silent'],
    ['LOG_FORMAT', 'text', 'must be json or pretty'],
    ['PUBLIC_URL', 'scim.example', 'must be http(s)://host[:port] and nothing else'],
    ['APP_URL', 'app', 'must be an address with http:// or https://'],
  ] as const) {
    it(`of ${variable}=${value} are "${message}"`, () => {
      expect(problemsOf(edge, { [variable]: value })).to.deep.equal([[variable, message]]);
    });
  }
});
