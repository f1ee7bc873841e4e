import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { VariableRefresh } from "@grafana/grafana-foundation-sdk/dashboard";
import { describe, expect, it } from "vitest";
import { dashboards } from "../../scripts/dashboards.ts";
import { escapeText } from "../../scripts/panel-picture.ts";
import { scaleFor } from "../../scripts/panel-units.ts";
import { repositoryDirectory } from "../../scripts/toolchains.ts";

interface Panel {
  readonly type: string;
  readonly title?: string;
  readonly description?: string;
  readonly datasource?: { readonly uid: string };
  readonly gridPos: { readonly x: number; readonly w: number };
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string } };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string; readonly refId: string }[];
}

const directory = join(repositoryDirectory, "deploy/grafana/dashboards");

it("the dashboards' files are what the code makes", () => {
  expect(readdirSync(directory).sort()).toEqual(Object.keys(dashboards).sort());
  for (const [name, dashboard] of Object.entries(dashboards)) {
    expect(readFileSync(join(directory, name), "utf8")).toBe(`${JSON.stringify(dashboard, null, 2)}\n`);
  }
});

it("has the dashboards of the monitoring guide by their titles", () => {
  const titles = Object.values(dashboards).map(({ title }) => title);
  expect(titles).toEqual(["Memory Service Overview", "Performance Metrics", "Database Metrics", "Memory Service Monitoring"]);
  expect(dashboards["monitoring.json"]?.tags).toEqual(["llmemory", "production"]);
});

describe.each(Object.entries(dashboards))("%s", (name, dashboard) => {
  const panels = (dashboard.panels ?? []) as unknown as readonly Panel[];
  const graphs = panels.filter(({ type }) => type !== "row");

  it("has a picture in the documentation that shows all its panels", () => {
    const picture = readFileSync(
      join(repositoryDirectory, "docs/pictures", `dashboard-${name.replace(".json", ".svg")}`),
      "utf8",
    );
    for (const { title = "" } of panels) expect(picture).toContain(`>${escapeText(title)}</text>`);
  });

  it("lets people choose the data source, the job and the instance", () => {
    const { list = [] } = dashboard.templating ?? {};
    expect(list.map(({ name, label }) => [name, label])).toEqual([
      ["datasource", "Data source"],
      ["job", "Job"],
      ["instance", "Instance"],
    ]);
    expect(list[0]).toMatchObject({ type: "datasource", query: "prometheus" });
    for (const variable of list.slice(1)) {
      // Asked for anew when the time range changes, or what started since would be missing.
      const refresh = VariableRefresh.OnTimeRangeChanged;
      expect(variable).toMatchObject({ type: "query", datasource: { uid: "$datasource" }, multi: true, allValue: ".+", refresh });
    }
    expect(dashboard.editable).toBe(false);
  });

  it("says of each panel what it shows, in which unit", () => {
    expect(graphs.length).toBeGreaterThan(1);
    for (const { title, description, datasource, fieldConfig, gridPos } of graphs) {
      expect(title).toBeTruthy();
      expect(description).toBeTruthy();
      expect(() => scaleFor(fieldConfig?.defaults.unit ?? "", 1)).not.toThrow();
      expect(datasource?.uid).toBe("$datasource");
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
    }
  });

  it("asks for what Grafana's own linter asks for: chosen instances, and counters as rates over the interval that is shown", () => {
    for (const { title, targets = [] } of graphs) {
      expect(targets).not.toHaveLength(0);
      expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length);
      for (const { expr, legendFormat } of targets) {
        expect(legendFormat).toBeTruthy();
        const selectors = [...expr.matchAll(/(\w*\(?)\b(\w+)(\{[^}]*\})/g)];
        expect(selectors).not.toHaveLength(0);
        for (const [, call, metric = "", matchers] of selectors) {
          expect(matchers).toContain('job=~"$job", instance=~"$instance"');
          // The guide asks for this one's count since the start.
          if (metric.endsWith("_total") && title !== "Active Documents") expect(call).toBe("rate(");
        }
        expect(expr.replaceAll("}[$__rate_interval]", "")).not.toContain("[");
      }
    }
  });
});
