import { expect, test } from "vitest";
import { limits } from "../../src/domain/limits.ts";
import { createMetrics } from "../../src/observability/metrics.ts";
import { OwnerLabels } from "../../src/observability/owner-label.ts";

test("the first owners keep their names for good, and later ones share one label", () => {
  const labels = new OwnerLabels(2);
  const seen = ["a", "b", "c", "a", "d", "b"].map((owner) => labels.label(owner));
  expect(seen).toEqual(["a", "b", "_other", "a", "_other", "b"]);
});

test("histograms have a bound of their own, and both can be set", () => {
  const metrics = createMetrics({ ownerLabels: true, ownerLabelsMax: 3, ownerHistogramLabelsMax: 1, version: "test" });
  const label = (labels: OwnerLabels) => ["a", "b", "c", "d"].map((owner) => labels.label(owner));
  expect(label(metrics.owners)).toEqual(["a", "b", "c", "_other"]);
  expect(label(metrics.histogramOwners)).toEqual(["a", "_other", "_other", "_other"]);
});

test("all owners share one label where labels are switched off", () => {
  const { owners, histogramOwners } = createMetrics({ ownerLabels: false, version: "test" });
  expect([owners.label("a"), histogramOwners.label("a")]).toEqual(["_other", "_other"]);
});

test("the number of label values is bounded however many owners come", () => {
  const { owners } = createMetrics({ ownerLabels: true, version: "test" });
  const values = new Set(Array.from({ length: 5_000 }, (_, index) => owners.label(`owner ${index}`)));
  expect(values.size).toBe(limits.ownerLabelsMax + 1);
});
