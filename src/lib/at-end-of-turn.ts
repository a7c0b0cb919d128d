/** Work that is asked for many times in one turn of the event loop. */

/** Does it once, at the end of the turn: by then all that was handed over together has arrived. */
export function atEndOfTurn(work: () => void): () => void {
  let isAsked = false;
  return () => {
    if (isAsked) return;
    isAsked = true;
    setImmediate(() => {
      isAsked = false;
      work();
    });
  };
}
