/** The types of events that the documents describe are those that there are, each with an example. */
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { EVENT_TYPES } from '../../../userstore/model/event-types.js';

describe('docs/events.md', () => {
  it('has each type of event once, with an example', () => {
    const text = readFileSync('docs/events.md', 'utf8');
    const section = text.slice(text.indexOf('## Types'), text.indexOf('## Members of groups'));
    const rows = section.split('\n').flatMap((line) => {
      const [, type, change = '', example = ''] = /^\| `([\w:.]+)` \| (.+?) \| (.+) \|$/.exec(line) ?? [];
      return type === undefined ? [] : [{ type, change, example }];
    });
    expect(rows.map(({ type }) => type)).to.have.members(Object.values(EVENT_TYPES));
    for (const { type, example } of rows) expect(example, type).to.match(/→|see below/);
  });
});
