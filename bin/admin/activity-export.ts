/** Activities and changes for scripts and auditors: values for JSON, and lines of CSV (RFC 4180). */
import { attributeValueIn } from '../../proto/attribute-value.js';
import type { Activity } from '../../proto/gen/userstore/v1/activity_service.js';
import type { Change } from '../../proto/gen/userstore/v1/change.js';
import { attributeText, kindOf } from './activity-text.js';
import { type Printable, printable } from './printer.js';

/** Returns an activity without empty ids, and with its change in the form of `changeValue`. */
export const activityValue = ({ userId, groupId, change, ...activity }: Activity): object => ({
  ...activity,
  userId: userId || undefined,
  groupId: groupId || undefined,
  change: change && changeValue(change),
});

/** Returns a change with its kind as a word, and with values instead of JSON text. */
export const changeValue = (change: Change): object => ({
  ...change,
  userId: change.userId || undefined,
  kind: kindOf(change),
  attributes: change.attributes.map(({ name, before, after }) => ({
    name,
    before: attributeValueIn(before),
    after: attributeValueIn(after),
  })),
});

/** The columns of the CSV. Scripts rely on their order: new ones stand at the end. */
const COLUMNS: [name: string, cell: (activity: Activity) => string | number | undefined][] = [
  ['time', ({ time }) => time?.toISOString()],
  ['request_id', ({ id }) => id],
  ['method', ({ method }) => method],
  ['path', ({ path }) => path],
  ['status', ({ status }) => status],
  ['user_id', ({ userId }) => userId],
  ['user_name', ({ userName }) => userName],
  ['group_id', ({ groupId }) => groupId],
  ['group_name', ({ groupName }) => groupName],
  ['api_token_id', ({ apiTokenId }) => apiTokenId],
  ['api_token_label', ({ apiTokenLabel }) => apiTokenLabel],
  ['duration_ms', ({ durationMs }) => durationMs],
  ['scim_type', ({ scimType }) => scimType],
  ['detail', ({ detail }) => detail],
  ['change', ({ change }) => change && kindOf(change)],
  ['attributes', ({ change }) => change?.attributes.map(attributeText).join('; ')],
];

/** The first line of the CSV. */
export const CSV_HEADER: Printable = printable`${COLUMNS.map(([name]) => name).join(',')}`;

/** Returns an activity as a line of CSV. */
export const csvLine = (activity: Activity): Printable =>
  printable`${COLUMNS.map(([, cell]) => csvCell(cell(activity))).join(',')}`;

/** Spreadsheets execute text that begins with one of these. */
const FORMULA = /^[=+\-@]/;

/** Returns a cell of CSV. */
export function csvCell(value: string | number | undefined): string {
  const text = String(value ?? '');
  const safe = typeof value === 'string' && FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
