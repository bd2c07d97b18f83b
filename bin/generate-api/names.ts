/** Names of the contract as the API reference shows them, and who may call an RPC. */
import type { DescEnum, DescFile, DescMessage, DescMethod } from '@bufbuild/protobuf';
import { mayCall, ROLES } from '../../userstore/rpc/permissions.js';

/** The package of the contract. */
export const PACKAGE = 'userstore.v1';
/** The prefix that reasons have in the enum, and nowhere else. */
const REASONS = /^ERROR_REASON_/;

/** Returns messages with those that are declared inside them. */
export const allOf = (messages: readonly DescMessage[]): DescMessage[] =>
  messages.flatMap((message) => [message, ...allOf(message.nestedMessages)]);

/** Returns the enums of a file, also those inside messages. */
export const enumsOf = (file: DescFile): DescEnum[] => [
  ...file.enums,
  ...allOf(file.messages).flatMap(({ nestedEnums }) => nestedEnums),
];

/** Returns the name of a message or enum: "User", "Webhook.State", "Timestamp". */
export const nameOf = ({ typeName }: { typeName: string }): string =>
  typeName.replace(/^(userstore\.v1|google\.protobuf)\./, '');

/** Returns an enum value as comments and errors name it: "USER_NOT_FOUND", "ROLE_READER". */
export const shownValue = (value: string): string => value.replace(REASONS, '');

/** Returns the roles that may call an RPC. */
export const callersOf = ({ parent, name }: DescMethod) =>
  ROLES.filter((role) => mayCall(role, `/${parent.typeName}/${name}`));
