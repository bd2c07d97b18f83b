/** LeaseHawk support, as the pages name it. Pure. */
import { type Html, html } from './html.js';

/**
 * Returns the words "LeaseHawk support" with the way to reach it. `contact` is an e-mail address or an HTTPS address;
 * undefined: the words alone.
 */
export function supportAt(contact: string | undefined): Html {
  if (contact === undefined) return html`LeaseHawk support`;
  if (contact.startsWith('https://')) return html`<a href="${contact}">LeaseHawk support</a>`;
  return html`LeaseHawk support (<a href="mailto:${contact}">${contact}</a>)`;
}
