// Strongly connected components (Tarjan, without recursion): what can come back to itself.

/** Components of a directed graph that hold a cycle, each in the order of `nodes`. */
export function cyclicComponents<T>(nodes: readonly T[], next: (node: T) => readonly T[]): T[][] {
  const order = new Map<T, number>();
  const low = new Map<T, number>();
  const onStack = new Set<T>();
  const stack: T[] = [];
  const found: T[][] = [];
  const rank = new Map(nodes.map((node, i) => [node, i]));
  let count = 0;
  for (const root of nodes) {
    if (order.has(root)) continue;
    const work: { node: T; edges: readonly T[]; at: number }[] = [];
    const open = (node: T): void => {
      order.set(node, count);
      low.set(node, count++);
      stack.push(node);
      onStack.add(node);
      work.push({ node, edges: next(node), at: 0 });
    };
    open(root);
    while (work.length > 0) {
      const frame = work.at(-1)!;
      if (frame.at < frame.edges.length) {
        const to = frame.edges[frame.at++]!;
        if (!order.has(to)) open(to);
        else if (onStack.has(to)) low.set(frame.node, Math.min(low.get(frame.node)!, order.get(to)!));
        continue;
      }
      work.pop();
      const parent = work.at(-1);
      if (parent) low.set(parent.node, Math.min(low.get(parent.node)!, low.get(frame.node)!));
      if (low.get(frame.node) !== order.get(frame.node)) continue;
      const component: T[] = [];
      for (;;) {
        const node = stack.pop()!;
        onStack.delete(node);
        component.push(node);
        if (node === frame.node) break;
      }
      if (component.length > 1 || next(component[0]!).includes(component[0]!)) {
        found.push(component.sort((a, b) => (rank.get(a) ?? 0) - (rank.get(b) ?? 0)));
      }
    }
  }
  return found;
}
