/** How many calls a userstore works on at a time; what is more is refused before it holds anything. */

/** There is no room for a call; another userstore, or this one later, may have some. */
export class OverloadedError extends Error {
  constructor() {
    super('Too many calls at once; try again.');
  }
}

/** Where calls are worked on. */
export type LoadShedder = ReturnType<typeof createLoadShedder>;

/** Room for so many calls; `refused` is told of each that finds none. */
export function createLoadShedder(most: number, refused: () => void) {
  let inFlight = 0;
  return {
    inFlight: () => inFlight,
    /** Does what a call asks for. Throws NoRoom. */
    async work<T>(call: () => Promise<T>): Promise<T> {
      if (inFlight >= most) {
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
