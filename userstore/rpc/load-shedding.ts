/** Load shedding: userstore refuses calls beyond a maximum in flight before they use any resources. */

/** Too many calls are in flight; another userstore, or this one later, may answer. */
export class OverloadedError extends Error {
  constructor() {
    super('Too many calls at once; try again.');
  }
}

/** The calls in flight of one userstore. */
export type LoadShedder = ReturnType<typeof createLoadShedder>;

/** Creates a load shedder for at most `maxCalls` calls in flight; calls `refused` for each call beyond. */
export function createLoadShedder(maxCalls: number, refused: () => void) {
  let inFlight = 0;
  return {
    inFlight: () => inFlight,
    /** Runs a call. Throws OverloadedError. */
    async run<T>(call: () => Promise<T>): Promise<T> {
      if (inFlight >= maxCalls) {
        refused();
        throw new OverloadedError();
      }
      inFlight++;
      try {
        return await call();
      } finally {
        inFlight--;
      }
    },
  };
}
