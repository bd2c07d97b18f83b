/** Variables of an environment that no process reads, but whose names resemble those of known variables. */
import type { Environment } from './variables.js';

/** Shortest name for which one, and for which two, different characters count as a mistake. */
const ONE_MISTAKE = 5;
const TWO_MISTAKES = 9;
/** Names that can be meant for this project only, and the beginning of the known names among which one is meant. */
const OWN: readonly [name: RegExp, beginning: string][] = [
  [/^USERSTORE_/, 'USERSTORE_'],
  [/^MONGO(DB)?_(UR[IL]|HOST|ADDRESS|CONNECTION\w*)$/, 'MONGODB_'],
];
/** Variables that Kubernetes and Docker set for a service, which may be named "userstore". */
const OF_OTHERS = /_SERVICE_(HOST|PORT)(_\w+)?$|_PORT(_\d+_\w+)?$/;

/** A variable that is set, and the known variable that it resembles most. */
export interface UnknownVariable {
  name: string;
  resembles: string;
}

/** Returns the variables of `env` that resemble a known variable and are none. `known` includes names such as X_FILE. */
export function unknownVariables(env: Environment, known: readonly string[]): UnknownVariable[] {
  return Object.keys(env)
    .filter((name) => env[name] !== '' && env[name] !== undefined && !known.includes(name) && !OF_OTHERS.test(name))
    .flatMap((name) => {
      const beginning = OWN.find(([pattern]) => pattern.test(name))?.[1];
      const [nearest] = known
        .filter((candidate) => candidate.startsWith(beginning ?? ''))
        .map((resembles) => ({ name, resembles, mistakes: distance(name.toUpperCase(), resembles) }))
        .sort((one, other) => one.mistakes - other.mistakes);
      const isMeant = nearest && (beginning !== undefined || nearest.mistakes <= mistakesIn(name));
      return isMeant ? [{ name, resembles: nearest.resembles }] : [];
    });
}

const mistakesIn = ({ length }: string): number => (length >= TWO_MISTAKES ? 2 : Number(length >= ONE_MISTAKE));

/** Returns the number of characters to insert, delete, replace or swap with their neighbour to turn `one` into `other`. */
function distance(one: string, other: string): number {
  let [beforeLast, last] = [[] as number[], Array.from({ length: other.length + 1 }, (_, column) => column)];
  for (let row = 1; row <= one.length; row++) {
    const current = [row];
    for (let column = 1; column <= other.length; column++) {
      const isSame = one[row - 1] === other[column - 1];
      const isSwap = row > 1 && column > 1 && one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      current[column] = Math.min(
        at(last, column) + 1,
        at(current, column - 1) + 1,
        at(last, column - 1) + Number(!isSame),
        isSwap ? at(beforeLast, column - 2) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    [beforeLast, last] = [last, current];
  }
  return at(last, other.length);
}

const at = (row: readonly number[], column: number): number => row[column] ?? Number.POSITIVE_INFINITY;
