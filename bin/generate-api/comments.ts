/** The comments of the contract, found by what they describe. */
import type { DescMessage } from '@bufbuild/protobuf';
import { type FileDescriptorProto, FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';

/**
 * Returns the comments of a file by the descriptor that they stand above: a service, RPC, message, field or enum value.
 * The comment at the head of the file is that of the file's own descriptor.
 */
export function commentsOf(file: FileDescriptorProto): Map<object, string> {
  const comments = new Map<object, string>();
  for (const { path, leadingComments, leadingDetachedComments } of file.sourceCodeInfo?.location ?? []) {
    const [head] = leadingDetachedComments;
    const isSyntax = path.length === 1 && path[0] === SYNTAX;
    const described = isSyntax ? file : at(file, path);
    const comment = isSyntax ? leadingComments || head : leadingComments;
    if (described && comment) comments.set(described, comment.replace(/^ /gm, '').trim());
  }
  return comments;
}

/** The number of the field `syntax` of a FileDescriptorProto. */
const SYNTAX = 12;

/** Follows a path of field numbers and list positions (SourceCodeInfo.Location) to a descriptor. */
function at(file: FileDescriptorProto, path: readonly number[]): object | undefined {
  let schema: DescMessage = FileDescriptorProtoSchema;
  let found: unknown = file;
  for (let step = 0; step < path.length; step += 2) {
    const field = schema.fields.find(({ number }) => number === path[step]);
    if (field?.fieldKind !== 'list' || !field.message) return undefined;
    found = (found as Record<string, unknown[]>)[field.localName]?.[path[step + 1] ?? -1];
    schema = field.message;
  }
  return typeof found === 'object' && found !== null ? found : undefined;
}
