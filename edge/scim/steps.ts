/** Long work in steps, so that no request holds the event loop. `inTurns` runs them. */

/** Steps that end with a result. Others may have their turn after each. */
export type Steps<T> = Generator<void, T, void>;
