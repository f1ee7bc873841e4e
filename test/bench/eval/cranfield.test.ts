import { expect, test } from "vitest";
import { cranfieldCollection } from "../../../bench/eval/cranfield.ts";

const documents = `.I 1
.T
flow past
a wing .
.A
someone
.W
flow past
a wing .
  it was   measured .
.I 002
.T
a title alone
.W
.I 3
.W
.I 4
.T
another title
.W
.5 is no field, nor is
.Warm air
`;
const queries = ".I 001\r\n.W\r\nwhat is\r\nflow .\r\n.I 009\r\n.W\r\nunjudged\r\n.I 010\r\n.W\r\nthe third\r\n";
const judgements = "1 1 1 \n1 2 4\n1 4 5\n1 3 -1\n3 4 3 \n2 1 5\n\n";
const collection = cranfieldCollection({ documents, queries, judgements });

test("an abstract is one document of title and text, named by the title, which is not repeated, and empty ones are left out", () => {
  expect(collection.documents.map(({ idAtOrigin, documentName, content }) => [idAtOrigin, documentName, content])).toEqual([
    ["1", "flow past a wing .", "flow past a wing . it was measured ."],
    ["2", "a title alone", "a title alone"],
    ["4", "another title", "another title .5 is no field, nor is .Warm air"],
  ]);
});

test("queries are numbered by position, graded by code, and left out if nothing is relevant to them", () => {
  expect(collection.queries).toEqual([
    {
      id: "1",
      text: "what is flow .",
      category: undefined,
      grades: new Map([
        ["1", 4],
        ["2", 1],
      ]),
    },
    { id: "3", text: "the third", category: undefined, grades: new Map([["4", 2]]) },
  ]);
});

test("a hit stands for its document, if that is one of the collection's", () => {
  expect(collection.judgedIdOf({ idAtOrigin: "4", chunkMetadata: {} })).toBe("4");
  expect(collection.judgedIdOf({ idAtOrigin: "3", chunkMetadata: {} })).toBeUndefined();
});
