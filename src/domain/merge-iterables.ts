/**
 * The values of several sources in the order in which they come. Each source is asked for its next value once its last one was taken.
 * It ends when all sources have ended, and fails with the first that fails; the others are then told to end and not waited for.
 */
export async function* mergeIterables<T>(sources: readonly AsyncIterable<T>[]): AsyncGenerator<T> {
  const iterators = sources.map((source) => source[Symbol.asyncIterator]());
  const arrived: { readonly iterator: AsyncIterator<T>; readonly result: IteratorResult<T> }[] = [];
  let failure: { readonly error: unknown } | undefined;
  let changed = Promise.withResolvers<void>();
  // Not a race of promises: one that stays pending would collect a reaction per value of the others.
  const ask = (iterator: AsyncIterator<T>) => {
    iterator
      .next()
      .then(
        (result) => arrived.push({ iterator, result }),
        (error: unknown) => {
          failure ??= { error };
        },
      )
      .finally(() => changed.resolve());
  };
  let running = iterators.length;
  iterators.forEach(ask);
  try {
    while (running > 0) {
      const next = arrived.shift();
      if (next?.result.done) running--;
      else if (next) {
        yield next.result.value;
        ask(next.iterator);
      } else if (failure) throw failure.error;
      else {
        await changed.promise;
        changed = Promise.withResolvers<void>();
      }
    }
  } finally {
    for (const iterator of iterators) iterator.return?.()?.catch(() => undefined);
  }
}
