// The judgement on warnings that no label speaks of: rows of test/corpus/verdicts.md, counted with the labelled sites.

/** Lines that a warning may be away from its verdict. */
const slack = 5;

/** The rows of the first table: repository, file, lines, whether the warning is right. */
export function readVerdicts(text) {
  return text
    .split('\n')
    .map(line => line.split('|').map(cell => cell.trim()))
    .filter(cells => cells.length >= 6 && /^(right|wrong)\b/.test(cells[4]))
    .map(([, repo, file, lines, verdict]) => ({
      repo,
      file,
      lines: lines.split(',').map(Number),
      right: verdict.startsWith('right'),
    }));
}

/** What there is to print: precision and recall by language, and the warnings that nobody has judged. */
export function judge({ rows, unlabelled }, text) {
  const verdicts = readVerdicts(text);
  const of = warning =>
    verdicts.find(
      ({ repo, file, lines }) =>
        repo === warning.repo && file === warning.file && lines.some(line => Math.abs(line - warning.line) <= slack),
    );
  const judged = unlabelled.map(warning => ({ ...warning, verdict: of(warning), lang: languageOf(warning.file) }));
  const loud = row => row.got === 'warning' || row.got === 'error';
  const lines = ['', 'with the verdicts on unlabelled warnings (test/corpus/verdicts.md):'];
  for (const lang of ['ts', 'py', 'all']) {
    const here = one => lang === 'all' || one.lang === lang;
    const hits = rows.filter(row => here(row) && row.expect === 'warning' && loud(row)).length;
    const sites = rows.filter(row => here(row) && row.expect === 'warning').length;
    const alarms = rows.filter(
      row => here(row) && (row.expect === 'none' || row.expect === 'hint') && loud(row),
    ).length;
    const right = judged.filter(one => here(one) && one.verdict?.right).length;
    const wrong = judged.filter(one => here(one) && one.verdict && !one.verdict.right).length;
    lines.push(
      `${lang}: precision ${share(hits + right, hits + right + alarms + wrong)}  recall ${share(hits, sites)}` +
        `  (unlabelled: ${right} right, ${wrong} wrong)`,
    );
  }
  const open = judged.filter(one => !one.verdict);
  lines.push(`unjudged: ${open.length}`);
  for (const { repo, file, line, rule } of open) lines.push(`UNJUDGED ${repo} ${file}:${line} ${rule}`);
  return lines;
}

function share(part, whole) {
  return whole === 0 ? 'n/a' : `${((100 * part) / whole).toFixed(1)} % (${part} of ${whole})`;
}

function languageOf(file) {
  return file.endsWith('.py') ? 'py' : 'ts';
}
