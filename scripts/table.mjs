// A table in plain text.

/** Columns are padded to their widest cell; those in `right` are aligned to the right. */
export function table(head, rows, right = new Set()) {
  const widths = head.map((cell, column) => Math.max(cell.length, ...rows.map(row => row[column].length)));
  const line = cells =>
    cells
      .map((cell, column) => (right.has(column) ? cell.padStart(widths[column]) : cell.padEnd(widths[column])))
      .join('  ')
      .trimEnd();
  return [line(head), widths.map(width => '-'.repeat(width)).join('  '), ...rows.map(line)].join('\n');
}
