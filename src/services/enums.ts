import { DocumentType as ProtoDocumentType } from "#gen/llmemory/v1/document_pb.js";
import { type DocumentType, documentTypes } from "../domain/document.ts";

/** The names of the enum are those of the domain, in capitals. */
const typeByNumber = new Map<ProtoDocumentType, DocumentType>(
  documentTypes.map((type) => [ProtoDocumentType[type.toUpperCase() as keyof typeof ProtoDocumentType], type]),
);
const numberByType = new Map([...typeByNumber].map(([number, type]) => [type, number]));

/** UNSPECIFIED is `unknown`; numbers that the proto does not define were refused before. */
export function decodeDocumentType(number: ProtoDocumentType): DocumentType {
  return typeByNumber.get(number) ?? "unknown";
}

export function encodeDocumentType(type: DocumentType): ProtoDocumentType {
  return numberByType.get(type) ?? ProtoDocumentType.UNKNOWN;
}
