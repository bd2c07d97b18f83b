/** Turns of the event loop for answers with the groups of users, which may be 1000 for each. */
import { setImmediate } from 'node:timers/promises';

/** A turn ends after more groups than this; the groups of one user stay together. */
const GROUPS_OF_TURN = 500;

/** Creates a function to call with the number of groups that were handled: it resolves in the next turn if this one is over. */
export function turnsOfGroups(): (groups: number) => Promise<void> | undefined {
  let handled = 0;
  return (groups) => {
    handled += groups;
    if (handled <= GROUPS_OF_TURN) return undefined;
    handled = 0;
    return setImmediate();
  };
}
