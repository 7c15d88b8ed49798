// A cycle that was meant to go round and does not: the second look, the retry, the revision never happens.
import type { DeadCycle } from '../graph/model.ts';
import type { Finding } from './finding.ts';
import { fixesFor, type Rule, type Subject } from './rule.ts';

export const deadCycle = {
  id: 'dead-cycle',
  what: 'A cycle that is meant to repeat and never does: a step that calls another one itself, a label that nothing listens to, a listener that fires once.',
  why: 'The retry or review that the code promises does not take place, and its result is used as if it had.',
  do: 'Let a router give out a label that the step to be repeated listens to, and count the rounds.',
  severity: 'info',
  bad: {
    language: 'python',
    code: `from crewai import LLM
from crewai.flow.flow import Flow, listen, router, start


class Report(Flow):
    @start()
    def write(self):
        self.state["text"] = LLM(model="gpt-4o").call("Write a report.")

    @listen(write)
    def judge(self):
        verdict = LLM(model="gpt-4o").call(f"Is this good? {self.state['text']}")
        if "no" in verdict:
            self.write()
`,
  },
  good: {
    language: 'python',
    code: `from crewai import LLM
from crewai.flow.flow import Flow, or_, router, start


class Report(Flow):
    rounds = 0

    @start("again")
    def write(self):
        self.rounds += 1
        self.state["text"] = LLM(model="gpt-4o").call("Write a report.")

    @router(write)
    def judge(self):
        verdict = LLM(model="gpt-4o").call(f"Is this good? {self.state['text']}")
        if "no" in verdict and self.rounds < 3:
            return "again"
        return "done"
`,
  },
  check({ graph }: Subject): Finding[] {
    return graph.dead.map(finding);
  },
} satisfies Rule;

function finding(dead: DeadCycle): Finding {
  return {
    rule: 'dead-cycle',
    severity: 'info',
    message: `${dead.text}. What the code promises does not take place, and its result is used as if it had. ${dead.advice}`,
    place: dead.place,
    related: dead.witness,
    controller: 'deterministic',
    coverage: 'ineffective',
    callsPerTurn: null,
    worstCase: null,
    framework: dead.framework,
    subject: dead.name,
    fixes: fixesFor('dead-cycle', dead.fixes),
  };
}
