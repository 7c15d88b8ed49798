// Questions of language models, over the language server: the same answers as `loopbound mcp` gives, of what is unsaved too.
import { type AskParams, askRequest } from '../protocol.ts';
import { questions } from '../report/questions.ts';
import { answer, type Context } from './context.ts';

/** Installs the feature. */
export function serveQuestions(context: Context): void {
  context.connection.onRequest(askRequest, ({ question, input }: AskParams) =>
    answer<unknown>(
      context,
      askRequest,
      { error: 'The question could not be answered; the log says why.' },
      async () => {
        const asked = questions.find(one => one.name === question);
        if (!asked) return { error: `There is no question ${question}.` };
        const answers: { folder: string; answer: unknown }[] = [];
        for (const home of context.homes.all()) {
          const given = await asked.answer({ session: home.session, rules: context.rules }, input);
          answers.push({ folder: home.uriOf('').replace(/\/$/, ''), answer: given });
        }
        // A file stands in one folder: the others' not finding it is no answer.
        const found = answers.filter(one => !isError(one.answer));
        const shown = found.length > 0 ? found : answers.slice(0, 1);
        return shown.length === 1 ? shown[0]?.answer : { folders: shown };
      },
    ),
  );
}

function isError(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'error' in value;
}
