/** Encloses neighbouring leaves in parents, which give a hit its context. */
import type { TextRange, TextWindow } from "./cut-windows.ts";
import type { WordPieceTokenizer } from "./wordpiece-tokenizer.ts";

/** A leaf and the group that its parent may not leave. */
export interface GroupedLeaf extends TextWindow {
  readonly group: number;
}

/** A range of text around leaves `firstLeaf` up to but not including `leafEnd`, at least two. */
export interface ParentRange extends TextRange {
  readonly tokenCount: number;
  readonly firstLeaf: number;
  readonly leafEnd: number;
}

/**
 * Parents in text order, each as many neighbouring leaves of one group as fit. A leaf that would be alone in its parent has none: its
 * parent would say nothing more.
 *
 * @param max tokens and code points of a parent; the tokens are summed over the leaves, so that a cut inside a word may add a few.
 */
export function groupParents(
  tokenizer: WordPieceTokenizer,
  text: string,
  leaves: readonly GroupedLeaf[],
  max: { readonly tokens: number; readonly units: number },
): ParentRange[] {
  const parents: ParentRange[] = [];
  let firstLeaf = 0;
  let tokens = 0;
  // Words are counted one by one, so that a sum over parts which end between words is the count of the whole.
  let isSumExact = true;
  const close = (leafEnd: number) => {
    const first = leaves[firstLeaf];
    const last = leaves[leafEnd - 1];
    if (first !== undefined && last !== undefined && leafEnd - firstLeaf >= 2) {
      const tokenCount = isSumExact ? tokens : tokenizer.countTokens(text.slice(first.start, last.end));
      parents.push({ start: first.start, end: last.end, tokenCount, firstLeaf, leafEnd });
    }
  };
  for (const [index, leaf] of leaves.entries()) {
    const first = leaves[firstLeaf];
    const covered = leaves[index - 1]?.end ?? leaf.start;
    const added =
      covered > leaf.start ? (leaf.addedTokens ?? tokenizer.countTokens(text.slice(covered, leaf.end))) : leaf.tokenCount;
    const isNew =
      first === undefined || leaf.group !== first.group || tokens + added > max.tokens || leaf.end - first.start > max.units;
    if (isNew && index > firstLeaf) {
      close(index);
      firstLeaf = index;
    }
    tokens = isNew ? leaf.tokenCount : tokens + added;
    isSumExact = index === firstLeaf || (isSumExact && isBetweenWords(text, covered, leaf.start));
  }
  close(leaves.length);
  return parents;
}

/** Whether there is nothing but white space from one place to another, if that is further on, and at least one space or line end beside. */
function isBetweenWords(text: string, from: number, to: number): boolean {
  const end = Math.max(from, to);
  // Not all of what is white separates words: the tokenizer drops control characters.
  return text.slice(from, end).trim() === "" && /[ \n]/.test(text.slice(from - 1, end + 1));
}
