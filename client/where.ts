/** Filters as functions: `where.email.eq('ana@oakstreet.example')`, `and(where.active.eq(true), where.department.eq('Leasing'))`. */
import { type Filter, Operator } from '../proto/gen/userstore/v1/filter.js';
import { allOf, anyOf, compare, elementMatch, not, present } from './filters.js';

/** Comparisons of a text. The contract says of each field whether letter case counts. */
const text = (field: string) => ({
  eq: (value: string): Filter => compare(field, Operator.OPERATOR_EQUAL, value),
  ne: (value: string): Filter => not(compare(field, Operator.OPERATOR_EQUAL, value)),
  in: (...values: string[]): Filter => anyOf(...values.map((value) => compare(field, Operator.OPERATOR_EQUAL, value))),
  contains: (value: string): Filter => compare(field, Operator.OPERATOR_CONTAINS, value),
  startsWith: (value: string): Filter => compare(field, Operator.OPERATOR_STARTS_WITH, value),
  endsWith: (value: string): Filter => compare(field, Operator.OPERATOR_ENDS_WITH, value),
  isPresent: (): Filter => present(field),
});

/** The id of something, which is known or not. */
const id = (field: string) => ({ eq: (value: string): Filter => compare(field, Operator.OPERATOR_EQUAL, value) });

const flag = (field: string) => ({
  eq: (value: boolean): Filter => compare(field, Operator.OPERATOR_EQUAL, value),
});

const time = (field: string) => ({
  after: (value: Date): Filter => compare(field, Operator.OPERATOR_GREATER, value),
  from: (value: Date): Filter => compare(field, Operator.OPERATOR_GREATER_OR_EQUAL, value),
  before: (value: Date): Filter => compare(field, Operator.OPERATOR_LESS, value),
  until: (value: Date): Filter => compare(field, Operator.OPERATOR_LESS_OR_EQUAL, value),
});

/** A list of typed values: its comparisons are true if those of one element are. */
const values = (field: string) => ({
  ...text(`${field}.value`),
  /** Elements of this type, such as "work". */
  ofType: (type: string) => ({
    eq: (value: string): Filter => elementMatch(field, allOf(text('type').eq(type), text('value').eq(value))),
  }),
  isPresent: (): Filter => present(field),
});

/** Conditions on users. */
export const where = {
  id: id('id'),
  userName: text('user_name'),
  externalId: text('external_id'),
  active: flag('active'),
  displayName: text('display_name'),
  givenName: text('name.given_name'),
  familyName: text('name.family_name'),
  nickName: text('nick_name'),
  title: text('title'),
  userType: text('user_type'),
  preferredLanguage: text('preferred_language'),
  locale: text('locale'),
  timezone: text('timezone'),
  email: values('emails'),
  phoneNumber: values('phone_numbers'),
  role: values('roles'),
  entitlement: values('entitlements'),
  employeeNumber: text('enterprise.employee_number'),
  costCenter: text('enterprise.cost_center'),
  division: text('enterprise.division'),
  department: text('enterprise.department'),
  managerId: text('enterprise.manager.value'),
  /** Membership in a group, by its id. */
  groupId: id('groups.value'),
  createTime: time('create_time'),
  updateTime: time('update_time'),
  /** A field by its name in the contract, or an attribute of an extension by its URN and name. */
  field: text,
};

/** Conditions on groups. */
export const whereGroup = {
  id: id('id'),
  displayName: text('display_name'),
  externalId: text('external_id'),
  /** Membership of a user, by their id. */
  memberId: id('members.value'),
  createTime: time('create_time'),
  updateTime: time('update_time'),
};

/** Matches where every filter matches. */
export const and = allOf;
/** Matches where at least one filter matches. */
export const or = anyOf;
