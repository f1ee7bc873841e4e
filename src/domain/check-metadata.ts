import type { JsonObject, JsonValue } from "./document.ts";
import type { FieldViolation } from "./errors.ts";
import { limits } from "./limits.ts";

/** What is wrong with a document's metadata: size, depth and names. */
export function checkMetadata(field: string, metadata: JsonObject): FieldViolation[] {
  const violations: FieldViolation[] = [];
  const depth = depthOf(metadata);
  if (depth > limits.metadataDepthMax) {
    violations.push({
      field,
      rule: "metadata.depth",
      description: `is ${depth} levels deep; at most ${limits.metadataDepthMax} are allowed`,
    });
  }
  const longest = longestKey(metadata);
  if (longest > limits.metadataKeyCharsMax) {
    violations.push({
      field,
      rule: "metadata.key_length",
      description: `has a name of ${longest} characters; at most ${limits.metadataKeyCharsMax} are allowed`,
    });
  }
  const bytes = Buffer.byteLength(JSON.stringify(metadata));
  if (bytes > limits.metadataBytesMax) {
    violations.push({
      field,
      rule: "metadata.size",
      description: `is ${bytes} bytes of JSON; at most ${limits.metadataBytesMax} are allowed`,
    });
  }
  return violations;
}

function depthOf(value: JsonValue): number {
  if (value === null || typeof value !== "object") return 0;
  let deepest = 0;
  for (const child of Object.values(value)) deepest = Math.max(deepest, depthOf(child));
  return deepest + 1;
}

function longestKey(value: JsonValue): number {
  if (value === null || typeof value !== "object") return 0;
  let longest = 0;
  for (const [key, child] of Object.entries(value)) {
    const length = Array.isArray(value) ? 0 : [...key].length;
    longest = Math.max(longest, length, longestKey(child));
  }
  return longest;
}
