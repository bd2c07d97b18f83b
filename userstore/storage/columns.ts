/** Field of the contract → where its values lie in documents for comparing. */

/** `folded`: the values lie there in one letter case. `list`: the stored name of the list whose elements have them. */
export interface Column {
  key: string;
  kind: 'text' | 'flag' | 'time' | 'version';
  folded: boolean;
  list?: string;
}

const COLUMNS = new Map<string, Column>([
  ['external_id', { key: 'externalId', kind: 'text', folded: false }],
  ['active', { key: 'active', kind: 'flag', folded: false }],
  ['title', { key: 'title', kind: 'text', folded: false }],
  ['name.family_name', { key: 'name.familyName', kind: 'text', folded: false }],
  ['emails.value', { key: 'emails.valueKey', kind: 'text', folded: true, list: 'emails' }],
]);

/** The column of a field by its contract name ("emails.value"); undefined where it has none. */
export const columnOf = (field: string): Column | undefined => COLUMNS.get(field);
