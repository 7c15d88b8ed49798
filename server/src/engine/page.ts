// Where a rule is explained.

/** The rule's page for people. */
export function rulePage(rule: string): string {
  return `https://github.com/loopbound/loopbound/blob/main/docs/rules/${rule}.md`;
}
