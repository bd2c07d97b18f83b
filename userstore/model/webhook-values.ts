/** The values of a webhook: its address and the types of events. Pure. */
import { isLoopback } from './connection-values.js';
import { invalidField } from './domain-error.js';

const MAX_URL = 2000;
const MAX_TYPES = 50;
const TYPE = /^[\w:.-]{1,100}$/;

/** Returns the address of an endpoint in the form of the URL standard. Throws FIELD_INVALID. */
export function endpointIn(text: string): string {
  const refuse = (why: string) => invalidField('webhook.url', `The address ${why}.`);
  const given = text.trim();
  if (given.length > MAX_URL) throw refuse(`is longer than ${MAX_URL} characters`);
  if (!URL.canParse(given)) throw refuse('is not a URL: https://billing.example/events is one');
  const url = new URL(given);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname))) {
    throw refuse('must begin with https://; http:// is for loopback addresses');
  }
  if (url.username !== '' || url.password !== '') throw refuse('must not hold a user or a password');
  if (url.hash !== '') throw refuse('must not have a fragment');
  return url.href;
}

/** Returns types of events without duplicates. Throws FIELD_INVALID. */
export function typesIn(texts: readonly string[]): string[] {
  if (texts.length > MAX_TYPES) throw invalidField('webhook.types', `A webhook names at most ${MAX_TYPES} types.`);
  for (const text of texts) {
    if (!TYPE.test(text)) throw invalidField('webhook.types', `"${text.slice(0, 100)}" is not a type of events.`);
  }
  return [...new Set(texts)];
}
