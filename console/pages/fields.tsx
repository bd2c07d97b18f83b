/** The fields of forms. */
import type { JSX } from 'preact';

interface FieldProps {
  name: string;
  label: string;
  value?: string | undefined;
  type?: 'text' | 'url' | 'number' | 'password' | 'datetime-local';
  isRequired?: boolean;
  maxLength?: number;
  /** The least and the largest number. */
  range?: readonly [least: number, largest: number];
  hint?: string;
}

/** A field of one line. */
export const Field = ({
  name,
  label,
  value,
  type = 'text',
  isRequired,
  maxLength = 2000,
  range,
  hint,
}: FieldProps): JSX.Element => (
  <label>
    {label}
    {hint && <span class="quiet"> {hint}</span>}
    {/* The library's type of the element takes one literal only. */}
    <input
      name={name}
      type={type as 'text'}
      value={value}
      required={isRequired ?? false}
      maxLength={type === 'number' ? undefined : maxLength}
      min={range?.[0]}
      max={range?.[1]}
      autocomplete="off"
    />
  </label>
);

/** A field of several lines. */
export const Area = ({ name, label, value }: { name: string; label: string; value: string }): JSX.Element => (
  <label>
    {label}
    <textarea name={name} rows={16} required spellcheck={false} autocomplete="off">
      {value}
    </textarea>
  </label>
);

/** A box to check. */
export const Check = ({ name, label, isChecked }: { name: string; label: string; isChecked: boolean }): JSX.Element => (
  <label class="check">
    <input type="checkbox" name={name} value="yes" checked={isChecked} />
    <span>{label}</span>
  </label>
);

/** A choice of several values. */
export const Choice = ({
  name,
  label,
  value,
  options,
}: {
  name: string;
  label: string;
  value: string;
  options: [value: string, text: string][];
}): JSX.Element => (
  <label>
    {label}
    <select name={name}>
      {options.map(([option, text]) => (
        <option value={option} selected={option === value}>
          {text}
        </option>
      ))}
    </select>
  </label>
);
