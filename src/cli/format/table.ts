import Table from "cli-table3";
import type { OutputStream } from "../command-context.ts";
import { printableLine, styleFor } from "./style.ts";

export interface Column {
  readonly head: string;
  readonly align?: "left" | "right";
}

/** Rows under bold heads, without rules, so that a table can be read on a terminal and cut by column in a shell. */
export function renderTable(stream: OutputStream, columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const style = styleFor(stream);
  const none = "";
  const table = new Table({
    head: columns.map((column) => style("bold", column.head)),
    colAligns: columns.map((column) => column.align ?? "left"),
    style: { head: [], border: [], "padding-left": 0, "padding-right": 2 },
    chars: {
      top: none,
      "top-mid": none,
      "top-left": none,
      "top-right": none,
      bottom: none,
      "bottom-mid": none,
      "bottom-left": none,
      "bottom-right": none,
      left: none,
      "left-mid": none,
      mid: none,
      "mid-mid": none,
      right: none,
      "right-mid": none,
      middle: none,
    },
  });
  for (const row of rows) table.push([...row]);
  return table.toString().replace(/[ \t]+$/gm, "");
}

/** A cell from text that came from outside. */
export function cell(text: string): string {
  return printableLine(text);
}
