/**
 * Bodies with personal values masked, for callers that may not see them. A value is shown only if it is known to be none:
 * an unknown one is masked. Pure.
 */
import type { KeptBody } from '../../proto/gen/userstore/v1/activity_service.js';

const SCHEMA = /^urn:[\w:.-]{1,200}$/i;
const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;
/** Names of attributes, with URNs; nothing that could be an e-mail address or words. */
const NAME = /^[\w$:.-]{1,200}$/;
/** The path of an operation: names, and filters in brackets, whose literals are masked. */
const PATH = /^[\w$:.[\]()" -]{1,1024}$/;
const LITERAL = /"(?:[^"\\]|\\.)*"?/g;
/** Numbers beyond this size may identify a person. */
const MAX_SHOWN_NUMBER = 9999;

/** Values that a table of the contract lists: they say nothing about a person. */
const ENUMERATED = new Set([
  ...['add', 'replace', 'remove', 'get', 'post', 'put', 'patch', 'delete'],
  ...['work', 'home', 'other', 'mobile', 'fax', 'pager', 'photo', 'thumbnail', 'direct', 'indirect'],
  ...['user', 'group', 'true', 'false', '[redacted]', '…', ''],
]);

/** Values that are shown under their names alone, if they have this form. */
const SHOWN_UNDER = new Map([
  ['schemas', SCHEMA],
  ['scimtype', /^[a-z]{1,40}$/i],
  ['status', /^\d{3}$/],
  ['version', /^W\/"[\da-f-]{1,64}"$/],
  ['created', /^[\d:.TZ-]{1,40}$/],
  ['lastmodified', /^[\d:.TZ-]{1,40}$/],
]);

/** Returns the body of a request with personal values masked. */
export const maskedRequest = (body: KeptBody | undefined): KeptBody | undefined => body && withMask(body, new Map());

/** Returns the body of an answer with personal values masked. The texts of refusals are shown: activities have them. */
export const maskedResponse = (body: KeptBody | undefined): KeptBody | undefined =>
  body && withMask(body, new Map([['detail', /^/]]));

function withMask(body: KeptBody, shownAtTop: ReadonlyMap<string, RegExp>): KeptBody {
  if (body.text === '') return body;
  return { ...body, text: JSON.stringify(maskedValue(parsed(body.text), '', shownAtTop)) };
}

/** Returns a JSON value; the text itself, which is then masked, if it is none. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function maskedValue(value: unknown, name: string, shown: ReadonlyMap<string, RegExp>): unknown {
  if (typeof value === 'string') return isShown(value, name, shown) ? value : maskedText(value, name);
  if (typeof value === 'number') return Math.abs(value) <= MAX_SHOWN_NUMBER ? value : '•••';
  if (Array.isArray(value)) return value.map((element) => maskedValue(element, name, NONE));
  if (typeof value !== 'object' || value === null) return value;
  // Object.fromEntries defines names, also "__proto__", and sets none.
  return Object.fromEntries(
    Object.entries(value).map(([key, inner], index) => [
      NAME.test(key) || key === '…' ? key : `${maskOf(key)} ${index}`,
      maskedValue(inner, key.toLowerCase(), name === '' ? shown : NONE),
    ]),
  );
}

const NONE: ReadonlyMap<string, RegExp> = new Map();

function isShown(text: string, name: string, shown: ReadonlyMap<string, RegExp>): boolean {
  if (ENUMERATED.has(text.toLowerCase()) || UUID.test(text)) return true;
  return (SHOWN_UNDER.get(name) ?? shown.get(name))?.test(text) ?? false;
}

function maskedText(text: string, name: string): string {
  if (name !== 'path' || !PATH.test(text.replace(LITERAL, '""'))) return maskOf(text);
  return text.replace(LITERAL, (literal) => `"${maskOf(literal.slice(1, -1))}"`);
}

/** Returns a mask that tells the length of a text roughly. */
const maskOf = ({ length }: string): string => (length <= 16 ? '•••' : length <= 64 ? '••••••' : '•••••••••');
