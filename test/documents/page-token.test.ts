import { describe, expect, it } from "vitest";
import { decodePageToken, encodePageToken } from "../../src/documents/page-token.ts";
import { InvalidInputError } from "../../src/domain/errors.ts";

const query = { ownerId: "ada", order: "name" };
const isNumber = (position: readonly unknown[]): position is [number] => typeof position[0] === "number";
const decode = (token: string, of: unknown = query) => decodePageToken(token, of, "owner_id and order", isNumber);

describe("a page token", () => {
  it("gives the position back to the same query", () => {
    expect(decode(encodePageToken(query, [7]))).toEqual([7]);
  });

  it.each([
    ["another query's", encodePageToken({ ...query, ownerId: "grace" }, [7])],
    ["of another position", encodePageToken(query, ["seven"])],
    ["cut off", encodePageToken(query, [7]).slice(0, -4)],
    ["no token", "nonsense"],
    ["JSON, but no list", Buffer.from("{}").toString("base64url")],
  ])("is refused if it is %s", (_name, token) => {
    expect(() => decode(token)).toThrow(InvalidInputError);
    expect(() => decode(token)).toThrow(/keep owner_id and order the same/);
  });
});
