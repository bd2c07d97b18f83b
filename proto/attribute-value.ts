/** Reads the values of changed attributes, which the contract has as JSON text. */

/** Returns the value of a JSON text; the text itself if userstore has cut it. */
export function attributeValueIn(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return text;
  }
}
