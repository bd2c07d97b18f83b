/** What a JSON body must be before anything is read from it. */
import { badRequest } from './errors.js';

/** Enough for any SCIM message; a request nested deeper is an attack or a mistake. */
const MAX_DEPTH = 20;

/** Names that would reach into JavaScript's own objects; no attribute is called so. */
const RESERVED_NAMES = new Set(['__proto__', 'constructor', 'prototype']);

/** A parsed JSON object. */
export type JsonObject = Record<string, unknown>;

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Checks a parsed body: an object, not nested too deeply, without reserved names, its text well-formed Unicode.
 * Throws invalidSyntax.
 */
export function checkedBody(body: unknown): JsonObject {
  if (!isObject(body)) throw badRequest('invalidSyntax', 'The request body must be a JSON object.');
  checkValue(body, 1);
  return body;
}

function checkValue(value: unknown, depth: number): void {
  if (typeof value === 'string' && !value.isWellFormed()) {
    throw badRequest('invalidSyntax', 'The request body holds text that is not valid Unicode.');
  }
  if (typeof value !== 'object' || value === null) return;
  if (depth > MAX_DEPTH)
    throw badRequest('invalidSyntax', `The request body is nested deeper than ${MAX_DEPTH} levels.`);
  if (Array.isArray(value)) {
    for (const element of value) checkValue(element, depth + 1);
    return;
  }
  for (const [name, inner] of Object.entries(value)) {
    if (RESERVED_NAMES.has(name)) throw badRequest('invalidSyntax', `"${name}" is not a name an attribute can have.`);
    checkValue(inner, depth + 1);
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

/** The value of a name in any letter case. */
export function property(body: JsonObject, name: string): unknown {
  const key = Object.keys(body).find((candidate) => candidate.toLowerCase() === name.toLowerCase());
  return key === undefined ? undefined : body[key];
}
