/** The speed of this machine at the moment, for tests that expect an end within milliseconds. */

/** Time of the reference work on the machine for which the limits were chosen: two cores at 2.4 GHz, nothing beside. */
const REFERENCE_MS = 38;
const TRIES = 3;
/** 4 MB of JSON. */
const text = JSON.stringify(Array.from({ length: 100_000 }, (_, i) => ({ value: `${i}@x.example`, type: 'work' })));

/** Returns how many times longer work takes here and now than on the reference machine; 1 if it takes less. */
export function slowness(): number {
  const start = performance.now();
  for (let tries = 0; tries < TRIES; tries++) JSON.parse(text);
  return Math.max(1, (performance.now() - start) / TRIES / REFERENCE_MS);
}
