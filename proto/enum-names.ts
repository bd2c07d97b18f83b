/** The names of enum values in messages of the contract, for texts and JSON that people and other services read. */
import { AttributeType } from './gen/userstore/v1/extension_schema.js';
import { KeptBodies, RehirePolicy } from './gen/userstore/v1/organization_service.js';
import { Role } from './gen/userstore/v1/service_account_service.js';
import { Webhook_State } from './gen/userstore/v1/webhook_service.js';

/** The enums by the fields that have them. */
const ENUMS = new Map<string, Readonly<Record<number, string>>>([
  ['state', Webhook_State],
  ['rehire', RehirePolicy],
  ['keptBodies', KeptBodies],
  ['role', Role],
  ['type', AttributeType],
]);

/**
 * Returns the JSON of a value of an organization, API token, SSO connection, webhook or service account, with the names of
 * enum values instead of their numbers, as the JSON form of Protocol Buffers has them. `field` is the name of the field of
 * the value.
 */
export const jsonWithEnumNames = (value: unknown, field = ''): string =>
  JSON.stringify(value, (name, member: unknown) =>
    typeof member === 'number' ? (ENUMS.get(name || field)?.[member] ?? member) : member,
  );
