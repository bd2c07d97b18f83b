/** An act: something that a person changes in the console. It has a page with its form and its consequences. */
import type { VNode } from 'preact';
import type { ProviderHosts } from '../../config/provider-hosts.js';
import type { Actor } from '../../proto/gen/userstore/v1/actor.js';
import { PageError } from '../page-error.js';
import type { Role } from '../staff/role.js';
import type { Userstore } from '../userstore.js';

/** The thing that the act is about, and the person who asks. */
export interface Subject {
  userstore: Userstore;
  actor: Actor;
  /** The ids in the address of the act. */
  organizationId: string;
  userId: string;
  tokenId: string;
  schemaId: string;
  webhookId: string;
  setupLinkId: string;
  /** The edge's origin; undefined: unknown. */
  publicUrl: string | undefined;
  /** The hosts of identity providers that the console may connect to. */
  providerHosts: ProviderHosts;
}

/** The fields of a form that was sent. */
export type Form = Record<string, string>;

/** The result of an act: the page to go to, or content that is shown once. */
export type Done = { to: string } | { title: string; content: VNode; script?: string };

/** An act. */
export interface Act {
  title: string;
  /** The least powerful role that may do it. */
  role: Role;
  /** Whether it cannot be undone: the person then proves who they are again. */
  isPermanent?: true;
  /** Returns what it does, and the fields of its form. */
  form(subject: Subject): VNode | Promise<VNode>;
  /** Does it. Throws UserstoreError and PageError. */
  perform(subject: Subject, form: Form): Promise<Done>;
}

/** The acts of one kind of thing, by the last part of their address. */
export type Acts = Record<string, Act>;

/** The least and the largest number that a field takes. */
export type Range = readonly [least: number, largest: number];

/** Returns the number in a field; undefined if the field is empty. Throws PageError. */
export function numberIn(form: Form, name: string, [least, largest]: Range): number | undefined {
  const text = form[name]?.trim() ?? '';
  if (text === '') return undefined;
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= largest) return value;
  const title = `The ${name.replaceAll('_', ' ')} cannot be used`;
  throw new PageError(400, title, `It must be a whole number from ${least} to ${largest}.`);
}

/** Returns the words of a field: parts separated by blanks or commas. */
export const wordsIn = (form: Form, name: string): string[] =>
  (form[name] ?? '').split(/[\s,]+/).filter((word) => word !== '');
