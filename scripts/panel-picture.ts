import { scaleFor, ticksUpTo } from "./panel-units.ts";

/** One series of a panel: how it is called, and seconds since the picture's beginning with the value then. */
export interface Series {
  readonly legend: string;
  readonly points: readonly (readonly [seconds: number, value: number])[];
}

/** What a panel shows, and where, in pixels. */
export interface PanelPicture {
  readonly title: string;
  /** Grafana's name. */
  readonly unit: string;
  readonly series: readonly Series[];
  /** The seconds that are shown, from 0, and those between two points; further apart, a line is broken. */
  readonly lengthSeconds: number;
  readonly stepSeconds: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const colours = ["#4e79a7", "#f28e2b", "#59a14f", "#e15759", "#b07aa1", "#9c755f", "#17a2b8", "#d4a017", "#d37295", "#79706e"];

/** Room beside the plot: for the numbers, for title and unit, for the seconds. */
const margin = { left: 44, right: 16, top: 32, bottom: 20 };
const legendLineHeight = 15;
const legendLinesMax = 3;

interface Plot {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  readonly across: (seconds: number) => string;
  readonly up: (value: number) => string;
}

/** A panel as a group of SVG: title, unit, axes, one line for each series, legend. */
export function drawPanel(panel: PanelPicture): string {
  const { title, unit, series, lengthSeconds, stepSeconds, x, y, width, height } = panel;
  const largest = Math.max(0, ...series.flatMap(({ points }) => points.map(([, value]) => value)));
  const { divisor, suffix } = scaleFor(unit, largest);
  const ticks = ticksUpTo(largest / divisor);
  const legend = legendLines(series, width);
  const plot = plotOf(panel, legend.length, (ticks.at(-1) ?? 1) * divisor);
  return [
    `<g transform="translate(${x} ${y})">`,
    `<rect class="panel" width="${width}" height="${height}" rx="3"/>`,
    `<text class="title" x="10" y="19">${escapeText(title)}</text>`,
    `<text class="end" x="${width - 10}" y="19">${suffix}</text>`,
    ...ticks.map((tick) => {
      const at = plot.up(tick * divisor);
      return `<path class="grid" d="M${plot.left} ${at}H${plot.right}"/><text class="end" x="${plot.left - 6}" y="${Number(at) + 4}">${tick}</text>`;
    }),
    ...secondsTicks(lengthSeconds).map(
      (seconds) => `<text class="middle" x="${plot.across(seconds)}" y="${plot.bottom + 15}">${seconds} s</text>`,
    ),
    ...series.map(
      ({ points }, index) => `<path class="line" stroke="${colourOf(index)}" d="${lineThrough(points, plot, stepSeconds)}"/>`,
    ),
    ...(series.length > 0
      ? []
      : [`<text class="middle" x="${width / 2}" y="${(plot.top + plot.bottom) / 2 + 4}">No data</text>`]),
    ...legend.flatMap((entries, line) => drawLegendLine(entries, height - 10 - (legend.length - 1 - line) * legendLineHeight)),
    "</g>",
  ].join("\n");
}

export function escapeText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

function plotOf({ width, height, lengthSeconds }: PanelPicture, legendLineCount: number, highest: number): Plot {
  const left = margin.left;
  const right = width - margin.right;
  const top = margin.top;
  const bottom = height - margin.bottom - legendLineCount * legendLineHeight - 6;
  return {
    left,
    right,
    top,
    bottom,
    across: (seconds) => rounded(left + ((right - left) * seconds) / lengthSeconds),
    up: (value) => rounded(bottom - ((bottom - top) * value) / highest),
  };
}

/** A tenth of a pixel is enough, and keeps the files small. */
function rounded(pixels: number): string {
  return String(Math.round(pixels * 10) / 10);
}

function colourOf(index: number): string {
  return colours[index % colours.length] ?? "black";
}

function secondsTicks(lengthSeconds: number): readonly number[] {
  return [0, 1, 2, 3].map((third) => Math.round((lengthSeconds * third) / 3));
}

/** Points that follow each other are joined; one that stands alone is a dash, since a dot would hardly be seen. */
function lineThrough(points: Series["points"], { across, up }: Plot, stepSeconds: number): string {
  const isJoined = (index: number) => {
    const [before, point] = [points[index - 1], points[index]];
    return before !== undefined && point !== undefined && point[0] - before[0] < stepSeconds * 1.5;
  };
  const drawn = points.map(([seconds, value], index) => {
    const at = `${across(seconds)} ${up(value)}`;
    if (isJoined(index)) return `L${at}`;
    return isJoined(index + 1) ? `M${at}` : `M${at}m-2 0h4`;
  });
  return drawn.join("");
}

interface LegendEntry {
  readonly text: string;
  /** None: a remark about series that have no entry. */
  readonly colour?: string;
  readonly x: number;
}

/** The series in lines as wide as the panel; those for which there is no room are counted. */
function legendLines(series: readonly Series[], width: number): readonly (readonly LegendEntry[])[] {
  const lines: LegendEntry[][] = [];
  let x = Number.POSITIVE_INFINITY;
  for (const [index, { legend }] of series.entries()) {
    // A letter is 6 pixels wide on average, a line's sign and the space between entries 28.
    const entryWidth = 28 + legend.length * 6;
    const isLastLine = lines.length === legendLinesMax && index < series.length - 1;
    if (x + entryWidth > width - (isLastLine ? 60 : 0)) {
      if (lines.length === legendLinesMax) {
        lines.at(-1)?.push({ text: `+ ${series.length - index} more`, x });
        break;
      }
      lines.push([]);
      x = 10;
    }
    lines.at(-1)?.push({ text: legend, colour: colourOf(index), x });
    x += entryWidth;
  }
  return lines;
}

function drawLegendLine(entries: readonly LegendEntry[], y: number): readonly string[] {
  return entries.map(({ text, colour, x }) =>
    colour === undefined
      ? `<text x="${x}" y="${y}">${text}</text>`
      : `<path class="line" stroke="${colour}" d="M${x} ${y - 4}h12"/><text x="${x + 17}" y="${y}">${escapeText(text)}</text>`,
  );
}
