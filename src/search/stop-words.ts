/** English words that say little of what is looked for: articles, pronouns, prepositions, question words, auxiliary verbs. */
const stopWords = new Set(
  `a about after all also am an and any are as at be because been before being between both but by can could did do does doing done
   during each either else ever for from further get give had has have having he her here hers him his how i if in into is it its
   just know let like me might mine more most much must my no nor not of off on once only or other our ours out over own please said
   same say shall she should show so some such tell than that the their theirs them then there these they thing things this those
   through to too under until up upon us very was we were what whatever when where whether which while who whom whose why will with
   would you your yours`.split(/\s+/),
);

/** @param word as written: `what's` and `don't` are stop words as well, but `US` and `WHO` are names. */
export function isStopWord(word: string): boolean {
  if (/^\p{Lu}{2,}$/u.test(word)) return false;
  const [beforeApostrophe = "", afterApostrophe] = word.toLowerCase().split(/['’]/);
  if (afterApostrophe === undefined) return stopWords.has(beforeApostrophe);
  return (
    stopWords.has(beforeApostrophe) ||
    /^(do|does|did|is|are|was|were|have|has|had|ca|could|would|should|wo)n$/.test(beforeApostrophe)
  );
}
