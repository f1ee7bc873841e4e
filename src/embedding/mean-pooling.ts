/**
 * The vector of a text from the vectors of its tokens: their mean, scaled to unit length, as e5 was trained (Wang et al. 2022,
 * arXiv:2212.03533, "average pooling"). One text is run at a time, so there is no padding and the attention mask is all ones.
 *
 * @param hiddenStates tokenCount × dimension components, row by row.
 * @param dimension    components of one token's vector.
 * @returns a vector of its own memory; the zero vector, which has no direction, stays zero.
 */
export function poolMeanToUnitVector(hiddenStates: Float32Array, dimension: number): Float32Array<ArrayBuffer> {
  const sums = new Float64Array(dimension);
  for (let row = 0; row < hiddenStates.length; row += dimension) {
    for (let component = 0; component < dimension; component++) {
      sums[component] = (sums[component] ?? 0) + (hiddenStates[row + component] ?? 0);
    }
  }
  // The length cancels the token count, so the sum serves as well as the mean.
  return toUnitVector(sums);
}

/** Scales a vector to length 1; the zero vector stays zero. */
export function toUnitVector(components: Float64Array): Float32Array<ArrayBuffer> {
  let sumOfSquares = 0;
  for (const component of components) sumOfSquares += component * component;
  // A loop: `Float32Array.from` with a function takes seven times as long.
  const vector = new Float32Array(components.length);
  if (sumOfSquares === 0) return vector;
  const length = Math.sqrt(sumOfSquares);
  for (let index = 0; index < vector.length; index++) vector[index] = (components[index] ?? 0) / length;
  return vector;
}
