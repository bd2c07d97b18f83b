/** Environment variables by their schemas: secrets also from files, every problem at once, what is in effect for the log. */
import { closeSync, openSync, readSync } from 'node:fs';
import type { z } from 'zod';

declare module 'zod' {
  /** What is known of a variable beside its values; its `description` is what the README's table says of it. */
  interface GlobalMeta {
    /** A secret X may be given as X_FILE, is shown as set or unset only, and is taken out of the environment. */
    secret?: boolean;
    /** What holds where it is not set, if that is not a value of its schema: for the README's table. */
    unset?: string;
  }
}

/** An environment; what is undefined or empty is not set. */
export type Environment = Record<string, string | undefined>;
/** Reads a file of at most so many bytes, 64 KiB unless said otherwise; throws an Error that says why it could not. */
export type ReadFile = (path: string, maxBytes?: number) => string;
/** An object whose keys are names of variables; each variable's `.describe()` or `.meta()` comes last. */
export type Variables = z.ZodObject<Record<string, z.ZodType>>;

const MAX_SECRET_BYTES = 64 * 1024;

/** What is wrong with a variable. */
export interface Problem {
  variable: string;
  message: string;
}

/** A configuration that cannot be run with; the message has all problems, and no value but the paths of secrets' files. */
export class ConfigurationError extends Error {
  constructor(readonly problems: readonly Problem[]) {
    super(problems.map(({ variable, message }) => `${variable}: ${message}`).join('; '));
  }
}

/**
 * A check of several variables together: what is wrong with them. `values` are as read, or as given where they are wrong
 * by themselves, so that all problems are in one message.
 */
export type Rule = (values: Record<string, unknown>, readFile: ReadFile) => Problem[];

/** The rule that `isSo` holds; else `message` is said of `variable`. */
export const holds =
  (variable: string, message: string, isSo: (values: Record<string, unknown>) => unknown): Rule =>
  (values) =>
    isSo(values) ? [] : [{ variable, message }];

/** The rule that `variable` makes sense only where `other` is set too. */
export const needs = (variable: string, other: string): Rule =>
  holds(
    other,
    `is needed where ${variable} is set`,
    (values) => values[variable] === undefined || values[other] !== undefined,
  );

/** The rule that one process, or several on one machine, cannot listen twice on one port. */
export const differ =
  (...ports: string[]): Rule =>
  (values) =>
    ports.flatMap((variable, position) => {
      const isSame = (other: string) => values[other] !== undefined && values[other] === values[variable];
      const other = ports.slice(0, position).find(isSame);
      return other === undefined ? [] : [{ variable, message: `must be another port than ${other}` }];
    });

/** The variables that are secret: they are to be taken out of the environment, which a crash report shows. */
export const secretsOf = (variables: Variables): string[] =>
  Object.keys(variables.shape).filter((name) => variables.shape[name]?.meta()?.secret);

/**
 * Reads `variables` out of `env`, secrets also out of the files that X_FILE names, and applies `rules` to them. Throws
 * Misconfigured with every problem, of which rules add none to a variable that has one.
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
    const { data, error } = schema.safeParse(text);
    const value = error ? text : data;
    if (value !== undefined) values[variable] = value;
    // A blank would be the number 0.
    if (text?.trim() === '') problems.push({ variable, message: 'is blank' });
    else for (const { message } of error?.issues ?? []) problems.push({ variable, message });
  }
  for (const problem of rules.flatMap((rule) => rule(values, readFile))) {
    if (!problems.some(({ variable }) => variable === problem.variable)) problems.push(problem);
  }
  if (problems.length > 0) throw new ConfigurationError(problems);
  return values as z.output<V>;
}

/** What is in effect, by variable, secrets as "set" or "unset": for the log. */
export function inEffect<V extends Variables>(variables: V, values: z.output<V>): Record<string, unknown> {
  const secrets = secretsOf(variables);
  return Object.fromEntries(
    Object.keys(variables.shape).map((name) => {
      const value = values[name as keyof typeof values];
      if (value === undefined) return [name, 'unset'];
      return [name, secrets.includes(name) ? 'set' : value];
    }),
  );
}

/** The text of a file. Throws where it cannot be read, is empty, or is too long: unless said otherwise, for a secret. */
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
