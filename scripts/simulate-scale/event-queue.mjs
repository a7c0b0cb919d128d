/** Events in the order of their times; of equal times the first that was added. */
export class EventQueue {
  #heap = [];
  #added = 0;
  time = 0;

  /** @param run called without arguments when `time` is reached. */
  at(time, run) {
    const heap = this.#heap;
    const event = { time, order: this.#added++, run };
    let i = heap.push(event) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!isBefore(event, heap[parent])) break;
      heap[i] = heap[parent];
      i = parent;
    }
    heap[i] = event;
  }

  /** Runs events until none is left. */
  run() {
    for (let event = this.#take(); event !== undefined; event = this.#take()) {
      this.time = event.time;
      event.run();
    }
  }

  #take() {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === first) return first;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1], heap[child])) child += 1;
      if (!isBefore(heap[child], last)) break;
      heap[i] = heap[child];
      i = child;
    }
    heap[i] = last;
    return first;
  }
}

const isBefore = (a, b) => a.time < b.time || (a.time === b.time && a.order < b.order);
