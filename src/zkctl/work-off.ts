/** Many questions under way at once, but not too many. */

/** Works off a pile that grows on the way, `atOnce` items at a time, newest first, which keeps the pile of a tree small. Rejects with the first
 *  failure once nothing is under way any more; no work is begun after it. */
export async function workOff<T>(
  pile: T[],
  atOnce: number,
  work: (item: T, add: (more: T) => void) => Promise<void>,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const failures: unknown[] = [];
  let underWay = 0;
  const add = (more: T): void => void pile.push(more);
  const proceed = (): void => {
    while (underWay < atOnce && pile.length > 0 && failures.length === 0) {
      underWay += 1;
      work(pile.pop() as T, add)
        .catch((cause: unknown) => void failures.push(cause))
        .then(() => {
          underWay -= 1;
          proceed();
        });
    }
    if (underWay > 0) return;
    if (failures.length > 0) reject(failures[0]);
    else resolve();
  };
  proceed();
  await promise;
}
