/** What all schemas of collections have in common. */

/** Nothing is added to documents by itself, and what no schema has is an error. */
export const options = { versionKey: false, strict: 'throw', strictQuery: 'throw', id: false } as const;

/** The index by which the database removes what has an expiry, by itself. */
export const expiry = [{ expireTime: 1 }, { expireAfterSeconds: 0, name: 'expiry' }] as const;
