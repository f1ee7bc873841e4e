import { convert, type HtmlToTextOptions } from "html-to-text";

const options: HtmlToTextOptions = {
  wordwrap: false,
  // Deeper nesting is not written by people; the limit keeps a hostile page from exhausting the stack.
  limits: { maxDepth: 500, ellipsis: "" },
  selectors: [
    // Addresses of links and pictures are not the author's words, and the letters stay as they were written.
    { selector: "a", options: { ignoreHref: true } },
    { selector: "img", format: "skip" },
    { selector: "noscript", format: "skip" },
    { selector: "template", format: "skip" },
    ...["h1", "h2", "h3", "h4", "h5", "h6"].map((selector) => ({ selector, options: { uppercase: false } })),
    // A row per line keeps what belongs together in one chunk; padding cells to columns would waste tokens.
    { selector: "tr", format: "block", options: { leadingLineBreaks: 1, trailingLineBreaks: 1 } },
    { selector: "td", format: "inlineSurround", options: { suffix: " | " } },
    { selector: "th", format: "inlineSurround", options: { suffix: " | " } },
    // Word puts every cell's text into paragraphs.
    ...["td", "th"].flatMap((cell) => [
      { selector: `${cell} > p`, format: "inline" },
      { selector: `${cell} > p + p`, format: "inlineSurround", options: { prefix: " " } },
    ]),
  ],
};

/** The text of an HTML document as a reader sees it: paragraphs, lists, and tables row by row; no scripts and styles. */
export function htmlText(html: string): string {
  return convert(html, options)
    .replace(/[ \t]*\|[ \t]*$/gm, "")
    .trim();
}
