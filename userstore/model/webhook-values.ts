/** The values of a webhook: its address and the types of events. Pure. */
import { invalidField } from './domain-error.js';
import { httpsUrlIn } from './https-url.js';

const MAX_URL = 2000;
const MAX_TYPES = 50;
const TYPE = /^[\w:.-]{1,100}$/;

/** Returns the address of an endpoint in the form of the URL standard. Throws FIELD_INVALID. */
export function endpointIn(text: string): string {
  const refuse = (why: string) => invalidField('webhook.url', `The address ${why}.`);
  const url = httpsUrlIn(text.trim(), MAX_URL, 'https://billing.example/events', refuse);
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
