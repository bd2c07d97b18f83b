/** The vocabulary of the schemas: options, field types, and the fields that the model's tables describe. */
import { Schema } from 'mongoose';
import type { Field, Fields } from '../model/fields.js';

// An empty string is a value: required means present. Mongoose takes it for absent unless told.
Schema.Types.String.checkRequired((value) => typeof value === 'string');

/** Schemas add nothing to documents; a field that a schema lacks is an error in documents, updates and queries. */
export const schemaOptions = { versionKey: false, strict: 'throw', strictQuery: 'throw', id: false } as const;

/** The value in a query that matches a field that is absent: MongoDB compares it as null. */
export const ABSENT = null as never;

/** The index by which MongoDB deletes a document at its `expireTime`. */
export const expiryIndex = [{ expireTime: 1 }, { expireAfterSeconds: 0, name: 'expiry' }] as const;

/** Required fields. */
export const text = { type: String, required: true } as const;
export const number = { type: Number, required: true } as const;
export const flag = { type: Boolean, required: true } as const;
export const time = { type: Date, required: true } as const;

/** Optional fields: absent, never null. */
export const optionalText = { type: String, allowNull: false } as const;
export const optionalNumber = { type: Number, allowNull: false } as const;
export const optionalFlag = { type: Boolean, allowNull: false } as const;
export const optionalTime = { type: Date, allowNull: false } as const;

/** A required enum of the contract. */
export const enumOf = <T extends number>() => number as typeof number & { __rawDocTypeHint: T };

/** A value that the contract or the model describes: stored as it is, checked before it gets here. */
interface Described<T> {
  type: typeof Schema.Types.Mixed;
  allowNull: false;
  /** Read by mongoose's type inference alone. */
  __rawDocTypeHint: T;
}

/** An optional value of this type. */
export const described = <T>() => ({ type: Schema.Types.Mixed, allowNull: false }) as Described<T>;

/** A list of values of this type. */
export const listOf = <T>() => ({ type: [Schema.Types.Mixed], default: undefined }) as unknown as Described<T[]>;

/** The name of the field beside a text that holds it folded, for indexes and filters: "userNameKey". */
export const shadowKey = (name: string): string => `${name}Key`;

/** The fields of a table as optional fields of a schema, each text that ignores letter case with its shadow. */
export const fieldsOf = <T>(table: Fields) =>
  Object.fromEntries(definitionsIn(table)) as { [K in keyof T]-?: Described<Exclude<T[K], undefined>> };

const definitionsIn = (table: Fields): [name: string, definition: object][] =>
  Object.entries(table).flatMap(([name, field]) => {
    const definition: [string, object] = [name, definitionOf(field)];
    return field.kind === 'text' && field.fold ? [definition, [shadowKey(name), optionalText]] : [definition];
  });

function definitionOf(field: Field): object {
  switch (field.kind) {
    case 'flag':
      return optionalFlag;
    case 'text':
      return optionalText;
    default: {
      const schema = new Schema(Object.fromEntries(definitionsIn(field.fields)), { ...schemaOptions, _id: false });
      return field.kind === 'list' ? { type: [schema], default: undefined } : { type: schema, allowNull: false };
    }
  }
}
