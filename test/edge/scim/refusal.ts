/** How a parser of the SCIM core refused. */
import { ScimError, type ScimType } from '../../../edge/scim/scim-error.js';

/** The scimType of the 400 that `parse` must throw. */
export function refusalOf(parse: () => unknown): ScimType | undefined {
  try {
    parse();
  } catch (error) {
    if (error instanceof ScimError && error.status === 400 && error.detail !== '') return error.scimType;
    throw error;
  }
  throw new Error('it was accepted, though it must not');
}
