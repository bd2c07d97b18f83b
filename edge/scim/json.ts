/** Parses the bytes of a body into a JSON object that is safe to read. */
import { createShapeScan } from './json-shape.js';
import { LONG_NUMBER, withLongNumbersAsText } from './long-numbers.js';
import { badRequest } from './scim-error.js';
import type { Steps } from './steps.js';

/** Okta's largest messages are much smaller. */
export const MAX_BODY_BYTES = 5 * 1024 * 1024;
/** Names that reach JavaScript's own objects; no attribute has one. */
export const RESERVED_NAMES = new Set(['__proto__', 'constructor', 'prototype']);

/** A parsed JSON object. */
export type JsonObject = Record<string, unknown>;

/** Returns true if a value is a JSON object. */
export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Bodies beyond this size have their shapes counted. */
const SMALL_BYTES = 64 * 1024;
/** Bytes that one step scans. */
const STEP_BYTES = 64 * 1024;

/**
 * Parses a body in steps: UTF-8, limited nesting and numbers of names and values, no reserved names, well-formed
 * Unicode. Yields where the caller may serve others first; each step of the longest body takes less than 50 ms. Throws
 * invalidSyntax.
 */
export function* bodySteps(bytes: Uint8Array): Steps<JsonObject> {
  const scan = createShapeScan(bytes, bytes.length > SMALL_BYTES);
  for (let end = STEP_BYTES; end < bytes.length; end += STEP_BYTES) {
    scan(end);
    yield;
  }
  scan(bytes.length);
  yield;
  const text = decode(bytes);
  yield;
  const hasLongNumbers = LONG_NUMBER.test(text);
  yield;
  const body = parseJson(hasLongNumbers ? withLongNumbersAsText(text) : text);
  if (!isObject(body)) throw badRequest('invalidSyntax', 'The request body must be a JSON object.');
  yield;
  if (mayBeUnsafe(text)) checkValue(body);
  yield;
  return body;
}

const notJson = () => badRequest('invalidSyntax', 'The request body is not valid JSON in UTF-8.');

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw notJson();
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw notJson();
  }
}

/** Whether the text may hold what checkValue refuses: only escapes make half a surrogate pair, or hide a name. */
const mayBeUnsafe = (text: string): boolean =>
  text.includes('\\u') || [...RESERVED_NAMES].some((name) => text.includes(name));

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
