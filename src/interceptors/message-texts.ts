import { type DescField, type DescMessage, getOption, hasOption, type Message, ScalarType } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { field as fieldRules, Ignore } from "#gen/buf/validate/validate_pb.js";

/** A string somewhere in a message. */
export interface MessageText {
  /** As the field is written in the proto: `chunking.strategy`, `filter.ids_at_origin[3]`, `metadata.customer`. */
  readonly path: string;
  readonly text: string;
}

/** JSON in protobuf form: its wrappers are no part of the path that a client knows. */
const jsonWrappers = new Set(["google.protobuf.Struct", "google.protobuf.Value", "google.protobuf.ListValue"]);

/** Every string of a message, however deep, except in fields that are to be checked one by one (`IGNORE_ALWAYS`). */
export function* textsOf(schema: DescMessage, message: Message): Generator<MessageText> {
  yield* textsIn(reflect(schema, message), "");
}

function* textsIn(message: ReflectMessage, prefix: string): Generator<MessageText> {
  const isWrapper = jsonWrappers.has(message.desc.typeName);
  for (const field of textFieldsOf(message.desc)) {
    if (!message.isSet(field)) continue;
    const path = isWrapper ? prefix : prefix === "" ? field.name : `${prefix}.${field.name}`;
    if (field.fieldKind === "list") {
      let index = 0;
      for (const value of message.get(field)) yield* textsOfValue(value, `${path}[${index++}]`);
    } else if (field.fieldKind === "map") {
      for (const [key, value] of message.get(field)) {
        if (typeof key === "string") yield { path, text: key };
        yield* textsOfValue(value, `${path}.${String(key)}`);
      }
    } else {
      yield* textsOfValue(message.get(field), path);
    }
  }
}

function* textsOfValue(value: unknown, path: string): Generator<MessageText> {
  if (typeof value === "string") yield { path, text: value };
  else if (isReflectMessage(value)) yield* textsIn(value, path);
}

function isReflectMessage(value: unknown): value is ReflectMessage {
  return typeof value === "object" && value !== null && "desc" in value && "fields" in value;
}

/** By type: to look at the rules of each field of each message took longer than to look at the texts. */
const textFields = new WeakMap<DescMessage, readonly DescField[]>();

/** The fields in which texts may be that are not to be checked one by one. */
function textFieldsOf(desc: DescMessage): readonly DescField[] {
  const known = textFields.get(desc);
  if (known) return known;
  const fields = desc.fields.filter((field) => mayHoldTexts(field, new Set()));
  textFields.set(desc, fields);
  return fields;
}

/** @param seen types that were looked into already: JSON holds itself. */
function mayHoldTexts(field: DescField, seen: Set<DescMessage>): boolean {
  if (isCheckedAlone(field)) return false;
  if (field.scalar === ScalarType.STRING || (field.fieldKind === "map" && field.mapKey === ScalarType.STRING)) return true;
  // A vector has hundreds of numbers, and a document thousands of vectors.
  if (field.message === undefined || seen.has(field.message)) return false;
  seen.add(field.message);
  return field.message.fields.some((inner) => mayHoldTexts(inner, seen));
}

function isCheckedAlone(field: DescField): boolean {
  if (!hasOption(field, fieldRules)) return false;
  const rules = getOption(field, fieldRules);
  const items = rules.type.case === "repeated" ? rules.type.value.items : undefined;
  return rules.ignore === Ignore.ALWAYS || items?.ignore === Ignore.ALWAYS;
}
