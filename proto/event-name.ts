/** The name of what an event is about, for people. */
import { attributeValueIn } from './attribute-value.js';
import type { Event } from './gen/userstore/v1/event.js';

/** The attributes that name a resource. */
const NAMES = ['userName', 'displayName', 'label', 'issuer', 'url', 'name'];

/** Returns the name of the resource after the change, or before its deletion; "" if the event has none. */
export function resourceNameOf({ resource, changes }: Pick<Event, 'resource' | 'changes'>): string {
  switch (resource?.$case) {
    case 'user':
      return resource.value.userName ?? '';
    case 'group':
    case 'organization':
      return resource.value.displayName ?? '';
    case 'apiToken':
      return resource.value.label;
    case 'ssoConnection':
      return resource.value.issuer;
    case 'setupLink':
      return resource.value.recipient;
    case 'serviceAccount':
      return resource.value.name;
    case 'webhook':
      return resource.value.url;
  }
  const named = changes.find(({ name }) => NAMES.includes(name));
  return String(attributeValueIn(named?.before ?? named?.after) ?? '');
}
