/** Dates and times on pages. */
import { expect } from 'chai';
import { dateText, timeText } from '../../../edge/pages/dates.js';

describe('a date on a page', () => {
  const long = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' });

  it('is written as Intl writes it, in UTC, on every day of a leap year', () => {
    for (let day = 0; day < 366; day++) {
      const time = new Date(Date.UTC(2028, 0, 1 + day, 23, 59));
      expect(dateText(time)).to.equal(long.format(time));
    }
  });

  it('has its time in hours and minutes', () => {
    expect(timeText(new Date('2026-11-27T02:03:59.999Z'))).to.equal('27 November 2026 at 02:03 UTC');
  });
});
