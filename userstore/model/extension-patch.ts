/** Applies PATCH operations to the JSON of extension attributes (RFC 7644 section 3.5.2). Pure. */
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import type { User } from '../../proto/gen/userstore/v1/user.js';
import { type PatchOperation, PatchOperation_Verb as Verb } from '../../proto/gen/userstore/v1/user_service.js';
import { DomainError, invalidField } from './domain-error.js';
import type { Test } from './evaluate.js';
import { type Place, placeOf } from './extension-target.js';
import { createElementTest } from './json-filter.js';
import { createJsonOperations, isObject, orUnset, spelled, withMember } from './json-value.js';
import { type Change, type OpenExtensions, openExtensions, parsed } from './open-extensions.js';
import type { Work } from './work.js';

/** The operations of one PATCH on extension attributes. */
export interface ExtensionPatch {
  /** Applies an operation on the field "extension". Throws FIELD_INVALID, PATCH_TARGET_MISSING, FILTER_UNSUPPORTED. */
  apply: (operation: PatchOperation) => void;
  /** Writes the changed values into the user; has to precede every other use of its extension attributes. */
  write: () => void;
}

/** Creates the operations of one PATCH on the extension attributes of a user. */
export function createExtensionPatch(user: User, work: Work): ExtensionPatch {
  const json = createJsonOperations(work);
  let open: OpenExtensions | undefined;

  function apply({ verb, element, extension: target }: PatchOperation): void {
    if (!target) throw invalidField('extension', 'The operation has no target.');
    work.spend(1);
    open ??= openExtensions(user, work);
    const place = placeOf(target, open.holds);
    const given = target.valueJson === undefined ? undefined : parsed(target.valueJson, work);
    const isRemoval = verb === Verb.VERB_REMOVE;
    const changeTo = (value: unknown): Change => {
      if (isRemoval) return (stored) => json.remove(stored, value, target.caseExact);
      return (stored) => (verb === Verb.VERB_ADD ? json.add(stored, value) : json.replace(stored, value));
    };
    if (place.name === undefined) {
      if (element) throw invalidField('element', 'An extension is no list.');
      changeWhole(open, place.schema, given, changeTo, isRemoval);
    } else if (element) {
      const test = createElementTest(element, work);
      const toElement = changeAt(place.below, changeOfElement(changeTo, isRemoval ? undefined : given), isRemoval);
      open.update(place.schema, place.name, (stored) => changeChosen(stored, test, toElement, work));
    } else open.update(place.schema, place.name, changeAt(place.below, changeTo(given), isRemoval));
  }

  return {
    apply,
    write() {
      open?.write();
      open = undefined;
    },
  };
}

/** Changes the attributes of an extension that an object names; a removal without a value removes all of them. */
function changeWhole(
  open: OpenExtensions,
  schema: string,
  given: unknown,
  changeTo: (value: unknown) => Change,
  isRemoval: boolean,
): void {
  if (isRemoval && (given === undefined || given === null)) open.removeAll(schema);
  else {
    const attributes = isRemoval && Array.isArray(given) && given.length === 1 ? given[0] : given;
    if (!isObject(attributes)) throw invalidField('extension', `"${schema}" is an extension: its value is an object.`);
    for (const [name, value] of Object.entries(attributes)) open.update(schema, name, changeTo(value));
  }
}

/** Returns the change of a value that a change of the member at the end of `names` makes. */
function changeAt([name, ...rest]: Place['below'], change: Change, isRemoval: boolean): Change {
  if (name === undefined) return change;
  const toMember = changeAt(rest, change, isRemoval);
  const toObject = (stored: Record<string, unknown>): unknown => {
    const key = spelled(stored, name);
    return orUnset(withMember(stored, key, toMember(Object.hasOwn(stored, key) ? stored[key] : undefined)));
  };
  return (stored) => {
    if (isObject(stored)) return toObject(stored);
    if (Array.isArray(stored)) {
      if (!isRemoval && !stored.some(isObject)) throw noTarget();
      return orUnset(stored.map((one) => (isObject(one) ? toObject(one) : one)).filter((one) => one !== undefined));
    }
    if (isRemoval) return stored;
    if (stored !== undefined && stored !== null) throw noTarget();
    return toObject({});
  };
}

/** Returns the change of an element; one that is no object is its own "value". */
const changeOfElement =
  (changeTo: (value: unknown) => Change, given: unknown): Change =>
  (stored) => {
    const isOwnValue = !isObject(stored) && isObject(given) && Object.keys(given).length === 1 && 'value' in given;
    return changeTo(isOwnValue ? given.value : given)(stored);
  };

/** Returns the list after a change of the elements that pass the test; a single value is a list of one. */
function changeChosen(stored: unknown, test: Test<unknown>, change: Change, work: Work): unknown {
  const elements = Array.isArray(stored) ? stored : stored === undefined ? [] : [stored];
  work.spend(elements.length);
  let isFound = false;
  const changed = elements.map((element) => {
    if (!test(element)) return element;
    isFound = true;
    return change(element);
  });
  if (!isFound) throw noTarget();
  const kept = changed.filter((element) => element !== undefined);
  return Array.isArray(stored) ? orUnset(kept) : kept[0];
}

const noTarget = () =>
  new DomainError(ErrorReason.ERROR_REASON_PATCH_TARGET_MISSING, 'No value matches the path.', 'extension');
