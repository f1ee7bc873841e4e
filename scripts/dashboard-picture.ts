import { drawPanel, escapeText, type Series } from "./panel-picture.ts";

/** A panel as it stands in the JSON of a dashboard. */
export interface DashboardPanel {
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly fieldConfig: { readonly defaults: { readonly unit: string } };
  readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[];
}

/** A panel with what its queries gave. */
export interface ShownPanel {
  readonly panel: DashboardPanel;
  readonly series: readonly Series[];
}

/** Pixels: the 24 columns fill the usual width of a page. */
const columnWidth = 48;
const rowHeight = 30;
const headHeight = 48;
const gap = 8;
const width = 24 * columnWidth + gap;

const style = `
text { font-family: Helvetica, Arial, sans-serif; font-size: 11px; fill: #5a6270 }
.dashboard { font-size: 18px; fill: #1f2530 }
.row { font-size: 14px; fill: #1f2530 }
.title { font-size: 12.5px; font-weight: bold; fill: #1f2530 }
.end { text-anchor: end }
.middle { text-anchor: middle }
.panel { fill: white; stroke: #d8dce4 }
.grid { stroke: #e8eaef; fill: none }
.line { stroke-width: 1.5; stroke-linecap: round; stroke-linejoin: round; fill: none }
`;

/** A whole dashboard as an SVG of its own: the panels where Grafana puts them, below its title and a note about what is seen. */
export function drawDashboard(dashboard: {
  readonly title: string;
  readonly note: string;
  readonly panels: readonly ShownPanel[];
  readonly lengthSeconds: number;
  readonly stepSeconds: number;
}): string {
  const { title, note, panels, lengthSeconds, stepSeconds } = dashboard;
  const rows = Math.max(...panels.map(({ panel: { gridPos } }) => gridPos.y + gridPos.h));
  const height = headHeight + rows * rowHeight + gap;
  const drawn = panels.map(({ panel, series }) => {
    const x = gap + panel.gridPos.x * columnWidth;
    const y = headHeight + panel.gridPos.y * rowHeight;
    if (panel.type === "row") return `<text class="row" x="${x}" y="${y + 20}">${escapeText(panel.title)}</text>`;
    if (panel.type !== "timeseries") throw new Error(`${panel.title}: panels of type "${panel.type}" cannot be drawn yet`);
    return drawPanel({
      title: panel.title,
      unit: panel.fieldConfig.defaults.unit,
      series,
      lengthSeconds,
      stepSeconds,
      x,
      y,
      width: panel.gridPos.w * columnWidth - gap,
      height: panel.gridPos.h * rowHeight - gap,
    });
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">
<title>${escapeText(title)}</title>
<style>${style}</style>
<rect width="100%" height="100%" fill="#f4f5f8"/>
<text class="dashboard" x="${gap}" y="31">${escapeText(title)}</text>
<text class="end" x="${width - gap}" y="31">${escapeText(note)}</text>
${drawn.join("\n")}
</svg>
`;
}
