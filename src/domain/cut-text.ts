/** The text, or as much of its start as fits into `bytesMax` bytes of UTF-8 with an ellipsis behind it; never half a character. */
export function cutText(text: string, bytesMax: number): string {
  if (Buffer.byteLength(text) <= bytesMax) return text;
  let bytes = Buffer.byteLength(ellipsis);
  let kept = "";
  for (const character of text) {
    bytes += Buffer.byteLength(character);
    if (bytes > bytesMax) break;
    kept += character;
  }
  return kept + ellipsis;
}

const ellipsis = "…";
