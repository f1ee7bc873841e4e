import { expect, it } from "vitest";
import { OwnerNotices } from "../../src/domain/owner-notices.ts";

it("tells everyone who listens, until they stop", () => {
  const notices = new OwnerNotices();
  const heard: string[] = [];
  const stop = notices.listen((ownerIds) => heard.push(...ownerIds.map((id) => `first ${id}`)));
  notices.listen((ownerIds) => heard.push(...ownerIds.map((id) => `second ${id}`)));
  notices.tell(["ada"]);
  stop();
  notices.tell(["grace"]);
  expect(heard).toEqual(["first ada", "second ada", "second grace"]);
});
