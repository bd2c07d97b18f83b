/**
 * The form in which a body is kept: JSON text of bounded size in which no secret is left. The search for secrets in a body,
 * and the search for them in the texts that are kept, are bounded. Pure.
 */
import type { KeptBody } from '../../proto/gen/userstore/v1/activity_service.js';
import { isObject, type JsonObject } from '../scim/json.js';
import type { Steps } from '../scim/steps.js';
import { isSecretName, isSecretText } from './secrets.js';

/** Longest text of a body in bytes. userstore takes 16 KiB: the rest is for the marks of what was cut. */
const MAX_BYTES = 15 * 1024;
/** Longest value and longest name, in characters. */
const MAX_TEXT = 1024;
const MAX_NAME = 256;
/** Values of a body that are searched for secrets, and secrets that are found in it. */
const MAX_SEARCHED = 50_000;
const MAX_SECRETS = 500;
/** Characters of texts that may be kept, counted once for each secret that is looked for in them, and for their forms. */
const MAX_COMPARED = 2_000_000;
/** To look for the forms of secrets takes as long as to look for this number of secrets. */
const FORMS_COST = 20;
/** The beginning of a secret that is looked for: a longer one could take a thousand times as long. */
const MAX_PART = 64;
/** Names and values that one step of the search for secrets looks at. */
const STEP_VALUES = 16;
/** A shorter secret is a part of too many other texts: it is looked for as a whole. */
const MIN_PART = 4;

const REDACTED = '"[redacted]"';
const CUT = '"…"';

/** The secrets of a request: its body and its answer may contain them under any name. */
export type Secrets = ReadonlySet<string>;

/** Returns the values of a body under secret names; undefined if it has too many values to search or too many secrets. */
export function* secretSteps(body: JsonObject): Steps<Secrets | undefined> {
  const secrets = new Set<string>();
  const isSecretPartOf = createNames();
  const open: unknown[] = [body];
  const openSecrets: unknown[] = [];
  let searched = 0;
  let visited = 0;
  for (;;) {
    if (++visited % STEP_VALUES === 0) yield;
    const isSecret = openSecrets.length > 0;
    const value = isSecret ? openSecrets.pop() : open.pop();
    if (value === undefined && open.length === 0) return secrets;
    if (Array.isArray(value)) {
      searched += value.length;
      if (searched > MAX_SEARCHED) return undefined;
      const parts = isSecret ? openSecrets : open;
      for (const element of value) parts.push(element);
    } else if (isObject(value)) {
      const names = Object.keys(value);
      searched += names.length;
      if (searched > MAX_SEARCHED) return undefined;
      const isSecretPart = isSecretPartOf(value, names);
      for (const name of names) {
        if (++visited % STEP_VALUES === 0) yield;
        (isSecret || isSecretPart(name) ? openSecrets : open).push(value[name]);
      }
    } else if (isSecret && value !== null && value !== '') {
      secrets.add(String(value).slice(0, MAX_TEXT));
      if (secrets.size > MAX_SECRETS) return undefined;
    }
  }
}

/**
 * Returns the function that says of an object which of its parts hold secrets. The value of a PATCH operation is named by
 * its path. A name is looked at once: bodies repeat few names often.
 */
function createNames() {
  const known = new Map<string, boolean>();
  const isSecret = (name: string): boolean => {
    const found = known.get(name) ?? isSecretName(name.slice(0, MAX_TEXT));
    known.set(name, found);
    return found;
  };
  return (parent: JsonObject, names: readonly string[]): ((name: string) => boolean) => {
    const pathName = names.find((name) => name.length === 4 && name.toLowerCase() === 'path');
    const path = pathName === undefined ? undefined : parent[pathName];
    const isSecretPath = typeof path === 'string' && isSecretName(path.slice(0, MAX_TEXT));
    return (name) => isSecret(name) || (isSecretPath && name.toLowerCase() === 'value');
  };
}

/** Returns a body as it is kept. A text that would take too long to search is cut. */
export function* keptSteps(body: JsonObject, secrets: Secrets): Steps<KeptBody> {
  const parts: string[] = [];
  const isSecretPartOf = createNames();
  let left = MAX_BYTES;
  let compared = 0;
  let isCut = false;
  const put = (text: string) => {
    parts.push(text);
    left -= Buffer.byteLength(text);
  };
  /** Writes a text if there is space for it, and else a mark. */
  const putWithin = (text: string) => {
    const fits = Buffer.byteLength(text) <= left;
    isCut ||= !fits;
    put(fits ? text : CUT);
  };
  const shortened = (text: string, most: number) => {
    const searched = text.slice(0, most + MAX_TEXT);
    compared += searched.length * (secrets.size + FORMS_COST);
    if (compared > MAX_COMPARED) {
      isCut = true;
      return CUT;
    }
    if (isSecretIn(searched, secrets)) return REDACTED;
    if (text.length <= most) return JSON.stringify(text);
    isCut = true;
    return JSON.stringify(`${text.slice(0, most).toWellFormed()}…`);
  };

  /** Writes the parts of a list or an object as long as there is space. */
  function* writeAll<T>(
    items: Iterable<T>,
    [begin, end]: [string, string],
    mark: string,
    write: (item: T) => Steps<void>,
  ): Steps<void> {
    put(begin);
    let isFirst = true;
    for (const item of items) {
      if (!isFirst) put(',');
      isFirst = false;
      if (left <= 0) {
        put(mark);
        isCut = true;
        break;
      }
      yield;
      yield* write(item);
    }
    put(end);
  }

  function* write(value: unknown, isSecret: boolean): Steps<void> {
    if (isSecret && value !== null && value !== '') put(REDACTED);
    else if (typeof value === 'string') putWithin(shortened(value, MAX_TEXT));
    else if (Array.isArray(value)) yield* writeAll(value, ['[', ']'], CUT, (element) => write(element, false));
    else if (isPlain(value)) {
      const names = Object.keys(value).filter((name) => value[name] !== undefined);
      const isSecretPart = isSecretPartOf(value, names);
      yield* writeAll(names, ['{', '}'], `${CUT}:${CUT}`, function* (name) {
        putWithin(shortened(name, MAX_NAME));
        put(':');
        yield* write(value[name], isSecretPart(name));
      });
    } else if (typeof value === 'object' && value !== null) {
      // A list that is still to be read while it is sent.
      isCut = true;
      put(CUT);
    } else putWithin(secrets.has(String(value)) ? REDACTED : (JSON.stringify(value) ?? 'null'));
  }
  yield* write(body, false);
  return { text: parts.join(''), cut: isCut };
}

/** Whether a text is or contains a secret. */
function isSecretIn(text: string, secrets: Secrets): boolean {
  if (secrets.has(text) || isSecretText(text)) return true;
  for (const secret of secrets) {
    if (secret.length >= MIN_PART && text.includes(secret.slice(0, MAX_PART))) return true;
  }
  return false;
}

const isPlain = (value: unknown): value is JsonObject =>
  isObject(value) && [Object.prototype, null].includes(Object.getPrototypeOf(value));
