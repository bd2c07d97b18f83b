/** The report that the database cannot be reached. */
import { expect } from 'chai';
import { waitReport } from '../../userstore/wait-for-database.js';

describe('the wait for the database', () => {
  function waiting(uri: string) {
    const clock = { ms: 0 };
    const told: string[] = [];
    let waits = 0;
    const log = { warn: (fields: object, message: string) => void told.push(`${JSON.stringify(fields)} ${message}`) };
    const report = waitReport(
      uri,
      log,
      () => void waits++,
      () => clock.ms,
    );
    return { clock, told, report, waits: () => waits };
  }

  it('is told at the first failure, then every minute, and to the parent process once', () => {
    const { clock, told, report, waits } = waiting('mongodb://h/x');
    for (; clock.ms <= 120_000; clock.ms += 6000) report('connect ECONNREFUSED');
    expect([told.length, waits()]).to.deep.equal([3, 1]);
  });

  for (const [uri, hosts] of [
    ['mongodb://ana:s3cret@db-1.example:27017,db-2.example/leasehawk?replicaSet=rs', 'db-1.example:27017,db-2.example'],
    ['mongodb+srv://ana:s3cret@cluster.example/', 'cluster.example'],
    ['mongodb://[::1]:27017', '[::1]:27017'],
    ['mongodb://ana:s3cret@db.example?tls=true', 'db.example'],
  ] as const) {
    it(`names the hosts of ${uri}, and no password`, () => {
      const { told, report } = waiting(uri);
      report('no answer');
      expect(told[0]).to.include(`MongoDB cannot be reached at ${hosts};`).and.to.include('no answer');
      expect(told[0]).not.to.include('s3cret');
    });
  }
});
