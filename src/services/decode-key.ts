import type { DocumentKey } from "../storage/read-documents.ts";

/** Which document a request is about; that there is a key has been checked. */
export function decodeKey(request: {
  ownerId: string;
  key: { case: "documentId" | "idAtOrigin"; value: string } | { case: undefined; value?: undefined };
}): DocumentKey {
  const { ownerId, key } = request;
  if (key.case === "documentId") return { ownerId, documentId: key.value };
  return { ownerId, idAtOrigin: key.value ?? "" };
}
