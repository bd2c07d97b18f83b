/** Reads environment variables by their schemas: secrets also from files, with all problems in one error. */
import { closeSync, openSync, readSync } from 'node:fs';
import type { z } from 'zod';
import { problemWords } from './problem-words.js';

declare module 'zod' {
  /** Metadata of a variable. Its `description` is its text in the documentation's table. */
  interface GlobalMeta {
    /** A secret X can be set as X_FILE, is logged only as "set", and is removed from the environment. */
    secret?: boolean;
    /** The effect of an unset variable in the documentation's table, if its schema has no default. */
    unset?: string;
  }
}

/** An environment. Undefined and empty variables are unset. */
export type Environment = Record<string, string | undefined>;
/** Reads a file of at most `maxBytes` (default: 64 KiB). Throws an Error with the reason if that fails. */
export type ReadFile = (path: string, maxBytes?: number) => string;
/** An object whose keys are names of variables. `.describe()` or `.meta()` must be the last call of each schema. */
export type Variables = z.ZodObject<Record<string, z.ZodType>>;

const MAX_SECRET_BYTES = 64 * 1024;

/** A problem of one variable. */
export interface Problem {
  variable: string;
  message: string;
}

/** An invalid configuration. The message lists all problems, and no values except the paths of secrets' files. */
export class ConfigurationError extends Error {
  constructor(readonly problems: readonly Problem[]) {
    super(problems.map(({ variable, message }) => `${variable}: ${message}`).join('; '));
  }
}

/**
 * A check of several variables together, which returns their problems. `values` contains the parsed variables, and the
 * unparsed text of invalid ones, so that one error lists all problems.
 */
export type Rule = (values: Record<string, unknown>, readFile: ReadFile) => Problem[];

/** Returns the rule that `isSo` is true; otherwise `variable` has the problem `message`. */
export const holds =
  (variable: string, message: string, isSo: (values: Record<string, unknown>) => unknown): Rule =>
  (values) =>
    isSo(values) ? [] : [{ variable, message }];

/** Returns the rule that `variable` requires `other`. */
export const needs = (variable: string, other: string): Rule =>
  holds(
    other,
    `is needed where ${variable} is set`,
    (values) => values[variable] === undefined || values[other] !== undefined,
  );

/** Returns the rule that the ports differ, because only one server can listen on a port. */
export const differ =
  (...ports: string[]): Rule =>
  (values) =>
    ports.flatMap((variable, position) => {
      const isSame = (other: string) => values[other] !== undefined && values[other] === values[variable];
      const other = ports.slice(0, position).find(isSame);
      return other === undefined ? [] : [{ variable, message: `must be another port than ${other}` }];
    });

/** Returns the names of the secrets. Processes remove them from the environment, because crash reports contain it. */
export const secretsOf = (variables: Variables): string[] =>
  Object.keys(variables.shape).filter((name) => variables.shape[name]?.meta()?.secret);

/**
 * Reads `variables` from `env`, secrets also from the files that X_FILE names, and applies `rules` to them. Throws
 * ConfigurationError with all problems. Rules add no problem to a variable that already has one.
 */
export function readVariables<V extends Variables>(
  variables: V,
  env: Environment,
  readFile: ReadFile = readSecretFile,
  rules: readonly Rule[] = [],
): z.output<V> {
  // An empty variable counts as not set: compose files write it that way.
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== '' && value !== undefined));
  const problems = secretsOf(variables).flatMap((name) => {
    const path = given[`${name}_FILE`];
    if (path === undefined) return [];
    if (given[name] !== undefined) return [{ variable: name, message: `is given as ${name}_FILE as well` }];
    try {
      given[name] = readFile(path).replace(/\r?\n$/, '');
      return [];
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return [{ variable: name, message: `${name}_FILE, ${path}, cannot be read: ${reason}` }];
    }
  });
  const unread = new Set(problems.map(({ variable }) => variable));
  const values: Record<string, unknown> = {};
  for (const [variable, schema] of Object.entries(variables.shape)) {
    if (unread.has(variable)) continue;
    const text = given[variable];
    const { data, error } = schema.safeParse(text, { error: problemWords });
    const value = error ? text : data;
    if (value !== undefined) values[variable] = value;
    // z.coerce.number() parses a blank as 0.
    if (text?.trim() === '') problems.push({ variable, message: 'is blank' });
    else
      for (const message of new Set(error?.issues.map((issue) => issue.message))) problems.push({ variable, message });
  }
  for (const problem of rules.flatMap((rule) => rule(values, readFile))) {
    if (!problems.some(({ variable }) => variable === problem.variable)) problems.push(problem);
  }
  if (problems.length > 0) throw new ConfigurationError(problems);
  return values as z.output<V>;
}

/** Returns the values of the variables that `env` sets, for the log. A secret is only "set". */
export function inEffect<V extends Variables>(
  variables: V,
  values: z.output<V>,
  env: Environment,
): Record<string, unknown> {
  const secrets = secretsOf(variables);
  const isSet = (name: string) => Boolean(env[name]) || (secrets.includes(name) && Boolean(env[`${name}_FILE`]));
  return Object.fromEntries(
    Object.keys(variables.shape)
      .filter(isSet)
      .map((name) => [name, secrets.includes(name) ? 'set' : values[name as keyof typeof values]]),
  );
}

/** Returns the text of a file. Throws an Error if it is unreadable, empty, or longer than `maxBytes`. */
export function readSecretFile(path: string, maxBytes = MAX_SECRET_BYTES): string {
  const file = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(maxBytes + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.length; length += read) {
      read = readSync(file, bytes, length, bytes.length - length, null);
    }
    if (length === 0) throw new Error('it is empty');
    if (length > maxBytes) throw new Error(`it is longer than ${maxBytes} bytes`);
    return bytes.toString('utf8', 0, length);
  } finally {
    closeSync(file);
  }
}
