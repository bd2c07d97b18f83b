/** Parses the bytes of a body into a JSON object that is safe to read. */
import { badRequest } from './scim-error.js';

/** Okta's largest messages are much smaller. */
export const MAX_BODY_BYTES = 5 * 1024 * 1024;
/** Deepest nesting. No SCIM message needs more; a deeper one is an attack or a mistake. */
const MAX_DEPTH = 20;
/** The maximum number of names in one object; an extension may have 1,000 attributes. */
const MAX_NAMES_OF_OBJECT = 2000;
/** The maximum number of names in a body; a group of 10,000 members has 40,000. */
const MAX_NAMES = 200_000;

/** Names that reach JavaScript's own objects; no attribute has one. */
export const RESERVED_NAMES = new Set(['__proto__', 'constructor', 'prototype']);

/** A parsed JSON object. */
export type JsonObject = Record<string, unknown>;

/** Returns true if a value is a JSON object. */
export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Parses a body: UTF-8, limited nesting and number of names, no reserved names, well-formed Unicode. Throws invalidSyntax.
 */
export function parseBody(bytes: Uint8Array): JsonObject {
  checkShape(bytes);
  const body = parseJson(bytes);
  if (!isObject(body)) throw badRequest('invalidSyntax', 'The request body must be a JSON object.');
  checkValue(body);
  return body;
}

const [OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET, QUOTE, BACKSLASH, COLON] = Buffer.from('{}[]"\\:');

/**
 * Checks nesting and names before parsing. A body of brackets alone would occupy the parser for a second; every name costs
 * a look-up, whatever its value. A colon outside text follows exactly one name.
 */
function checkShape(bytes: Uint8Array): void {
  const names = new Uint32Array(MAX_DEPTH + 2);
  let depth = 0;
  let total = 0;
  let isInText = false;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (isInText) {
      if (byte === BACKSLASH) at++;
      else if (byte === QUOTE) isInText = false;
    } else if (byte === QUOTE) isInText = true;
    else if (byte === COLON) {
      names[depth] = (names[depth] ?? 0) + 1;
      if (++total > MAX_NAMES || (names[depth] ?? 0) > MAX_NAMES_OF_OBJECT) throw tooManyNames();
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      if (++depth > MAX_DEPTH) throw tooDeep();
      names[depth] = 0;
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth = Math.max(depth - 1, 0);
  }
}

const tooDeep = () => badRequest('invalidSyntax', `The request body is nested deeper than ${MAX_DEPTH} levels.`);
const tooManyNames = () =>
  badRequest(
    'invalidSyntax',
    `The request body has too many attributes: at most ${MAX_NAMES_OF_OBJECT} in one object, ${MAX_NAMES} in all.`,
  );

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw badRequest('invalidSyntax', 'The request body is not valid JSON in UTF-8.');
  }
}

function checkValue(value: unknown): void {
  if (typeof value === 'string' && !value.isWellFormed()) {
    throw badRequest('invalidSyntax', 'The request body holds text that is not valid Unicode.');
  }
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (const element of value) checkValue(element);
    return;
  }
  for (const [name, inner] of Object.entries(value)) {
    if (RESERVED_NAMES.has(name)) throw badRequest('invalidSyntax', `"${name}" is not a name an attribute can have.`);
    checkValue(inner);
  }
}

/** Checks that `schemas` names the message's own schema, in any letter case. Throws invalidSyntax. */
export function checkSchemas(body: JsonObject, schema: string): void {
  const given = property(body, 'schemas');
  const schemas = Array.isArray(given) ? given : [given];
  if (!schemas.some((urn) => typeof urn === 'string' && urn.toLowerCase() === schema.toLowerCase())) {
    throw badRequest('invalidSyntax', `The attribute "schemas" must contain "${schema}".`);
  }
}

/** Returns the value of a name in any letter case. */
export function property(body: JsonObject, name: string): unknown {
  const key = Object.keys(body).find((candidate) => candidate.toLowerCase() === name.toLowerCase());
  return key === undefined ? undefined : body[key];
}
