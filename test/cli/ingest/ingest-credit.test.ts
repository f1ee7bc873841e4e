import { expect, it } from "vitest";
import { IngestCredit } from "../../../src/cli/ingest/ingest-credit.ts";

it("allows nothing before the first window", () => {
  expect(new IngestCredit().allows(1)).toBe(false);
});

it("allows as many items as the window has beyond the durable position", () => {
  const credit = new IngestCredit();
  credit.setWindow({ items: 2, bytes: 1_000 });
  credit.sent(1, 10);
  credit.sent(2, 10);
  expect(credit.allows(10)).toBe(false);
  credit.durable(1);
  expect(credit.allows(10)).toBe(true);
});

it("allows as many bytes as the window has, and one larger item when nothing is in flight", () => {
  const credit = new IngestCredit();
  credit.setWindow({ items: 10, bytes: 100 });
  expect(credit.allows(1_000)).toBe(true);
  credit.sent(1, 60);
  expect(credit.allows(41)).toBe(false);
  expect(credit.allows(40)).toBe(true);
  credit.durable(1);
  expect(credit.allows(41)).toBe(true);
});

it("takes a new window instead of the one before", () => {
  const credit = new IngestCredit();
  credit.setWindow({ items: 10, bytes: 100 });
  credit.sent(1, 10);
  credit.setWindow({ items: 1, bytes: 100 });
  expect(credit.allows(10)).toBe(false);
  credit.setWindow({ items: 0, bytes: 100 });
  credit.durable(1);
  expect(credit.allows(10)).toBe(false);
});
