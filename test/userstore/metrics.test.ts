/** The metrics of calls by caller: their number of time series is bounded. */
import { expect } from 'chai';
import { Registry } from 'prom-client';
import { createUserstoreMetrics } from '../../userstore/metrics.js';

describe('the metric of calls by caller', () => {
  it('counts 200 names apart and all further ones together, and keeps to the names that it knows', async () => {
    const registry = new Registry();
    const metrics = createUserstoreMetrics(registry);
    for (let number = 0; number < 1000; number++) metrics.call('A/B', 'OK', 0.001, `service-${number}`);
    metrics.call('A/B', 'OK', 0.001, 'service-0');
    metrics.call('A/B', 'UNAUTHENTICATED', 0.001, undefined);
    const { values } = (await registry.getSingleMetric('grpc_server_caller_calls_total')?.get()) ?? { values: [] };
    const countOf = (caller: string) => values.find(({ labels }) => labels.caller === caller)?.value;
    expect(values).to.have.length(202);
    expect(['service-0', 'service-199', 'other', 'unknown'].map(countOf)).to.deep.equal([2, 1, 800, 1]);
  });
});
