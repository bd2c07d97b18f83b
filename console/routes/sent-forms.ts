/** A form that is sent twice, by a double click or a reload, does its act once. */
import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Done, Form } from '../acts/act.js';

/** How long the result of a form is kept in memory. It may contain a secret. */
const KEPT_MS = 60_000;
const MAX_FORMS = 1000;

/** Creates the memory of forms that were sent. */
export function createSentForms() {
  const sent = new LRUCache<string, Promise<Done>>({ max: MAX_FORMS, ttl: KEPT_MS });
  /** Does the act of a form, or returns its result if the same form with the same values was just sent. */
  return (path: string, form: Form, perform: () => Promise<Done>): Promise<Done> => {
    if (!form.form_id) return perform();
    // The form contains the secret of the session, so that nobody else gets the result.
    const key = createHash('sha256')
      .update(JSON.stringify([path, form]))
      .digest('base64url');
    const before = sent.get(key);
    if (before) return before;
    const done = perform();
    sent.set(key, done);
    done.catch(() => sent.delete(key));
    return done;
  };
}
