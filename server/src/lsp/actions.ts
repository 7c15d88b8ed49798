// Code actions: a finding's fixes (their edits worked out when one is chosen), all safe fixes of a file, silencing a line
// with a reason, and the page of the rule.
import { type CodeAction, CodeActionKind, type CodeActionParams, type WorkspaceEdit } from 'vscode-languageserver/node';
import type { CheckedFinding } from '../engine/check.ts';
import type { FileEdits } from '../engine/fix.ts';
import { rulePage } from '../engine/page.ts';
import { lineStartsOf } from '../languages/lines.ts';
import { fixAllKind, openRuleCommand } from '../protocol.ts';
import type { Fix } from '../rules/finding.ts';
import { answer, type Context, checkHome } from './context.ts';
import { toLspEdits, toLspRange, touches } from './convert.ts';
import type { Home } from './homes.ts';
import { scaledFix } from './recorded.ts';

/** What the server promises to the client. */
export const codeActionProvider = {
  codeActionKinds: [CodeActionKind.QuickFix, fixAllKind],
  resolveProvider: true,
};

/** What an action carries until it is resolved. */
type ActionData =
  | { readonly do: 'fix'; readonly uri: string; readonly fingerprint: string; readonly fix: number }
  | { readonly do: 'recorded'; readonly uri: string; readonly fingerprint: string }
  | { readonly do: 'silence'; readonly uri: string; readonly fingerprint: string };

/** Stands in the comment until the user says why. */
const reasonPlaceholder = 'say here why this loop is fine';

/** Installs the feature. */
export function serveActions(context: Context): void {
  const { connection, homes, client } = context;
  const resolvesLater = client.textDocument?.codeAction?.resolveSupport?.properties.includes('edit') ?? false;

  connection.onCodeAction((params, token) =>
    answer(context, 'textDocument/codeAction', [], async () => {
      const home = homes.of(params.textDocument.uri);
      if (!home || !(await context.settings.of(params.textDocument.uri)).enable) return [];
      await checkHome(context, home, token);
      await home.session.ready();
      const wants = (kind: string) =>
        params.context.only?.some(only => only === '' || kind === only || kind.startsWith(`${only}.`)) ?? true;
      const actions: CodeAction[] = [];
      if (wants(CodeActionKind.QuickFix)) {
        for (const found of findingsAt(home, params)) {
          const ran = await context.recorded.ofFinding(home, found);
          actions.push(...actionsOf(context, params, found, ran && scaledFix(found.finding.fixes, ran)));
        }
      }
      // On every keystroke the menu asks for everything; a fix-all is for those who name it.
      if (params.context.only && wants(fixAllKind)) actions.push(...fixAll(context, home, params.textDocument.uri));
      if (resolvesLater) return actions;
      const resolved = await Promise.all(actions.map(action => resolve(context, action)));
      return resolved.filter(({ edit, command }) => edit || command);
    }),
  );

  connection.onCodeActionResolve((action, token) =>
    answer(context, 'codeAction/resolve', action, async () => {
      const data = action.data as ActionData | undefined;
      const home = data && homes.of(data.uri);
      if (home) {
        await checkHome(context, home, token);
        await home.session.ready();
      }
      return resolve(context, action);
    }),
  );

  connection.onExecuteCommand(({ command, arguments: args }) =>
    answer(context, command, null, async () => {
      const rule = args?.[0];
      if (command !== openRuleCommand || typeof rule !== 'string') return null;
      await connection.window.showDocument({ uri: rulePage(rule), external: true });
      return null;
    }),
  );
}

function findingsAt(home: Home, { textDocument, range }: CodeActionParams): readonly CheckedFinding[] {
  const path = home.pathOf(textDocument.uri);
  return (home.session.latest?.findings ?? []).filter(
    found => found.path === path && touches(toLspRange(found.range), range),
  );
}

function actionsOf(
  context: Context,
  params: CodeActionParams,
  found: CheckedFinding,
  recorded: Fix | undefined,
): CodeAction[] {
  const { finding, fingerprint } = found;
  const { uri } = params.textDocument;
  const diagnostics = params.context.diagnostics.filter(
    diagnostic =>
      diagnostic.code === finding.rule &&
      (diagnostic.data?.fingerprint === undefined || diagnostic.data.fingerprint === fingerprint) &&
      touches(diagnostic.range, toLspRange(found.range)),
  );
  const actions: CodeAction[] = finding.fixes.map((fix, at) => ({
    title: fix.title,
    kind: CodeActionKind.QuickFix,
    diagnostics,
    ...(at === 0 ? { isPreferred: true } : {}),
    data: { do: 'fix', uri, fingerprint, fix: at } satisfies ActionData,
  }));
  if (recorded) {
    actions.push({
      title: recorded.title,
      kind: CodeActionKind.QuickFix,
      diagnostics,
      data: { do: 'recorded', uri, fingerprint } satisfies ActionData,
    });
  }
  actions.push({
    title: `Disable ${finding.rule} for this line`,
    kind: CodeActionKind.QuickFix,
    diagnostics,
    data: { do: 'silence', uri, fingerprint } satisfies ActionData,
  });
  if (context.client.window?.showDocument?.support) {
    const title = `Open the page of ${finding.rule}`;
    const command = { title, command: openRuleCommand, arguments: [finding.rule] };
    actions.push({ title, kind: CodeActionKind.QuickFix, diagnostics, command });
  }
  return actions;
}

async function resolve(context: Context, action: CodeAction): Promise<CodeAction> {
  const data = action.data as ActionData | undefined;
  const home = data && context.homes.of(data.uri);
  const found = home?.session.latest?.findings.find(candidate => candidate.fingerprint === data?.fingerprint);
  if (!data || !home || !found) return action;
  let fix = data.do === 'fix' ? found.finding.fixes[data.fix] : undefined;
  if (data.do === 'recorded') {
    const ran = await context.recorded.ofFinding(home, found);
    fix = ran && scaledFix(found.finding.fixes, ran);
  }
  const edits =
    data.do === 'silence' ? home.session.suppressionEdits(found, reasonPlaceholder) : fix && home.session.edits(fix);
  if (!edits) {
    if (!context.client.textDocument?.codeAction?.disabledSupport) return action;
    return { ...action, disabled: { reason: 'The code has changed so that this cannot be written automatically.' } };
  }
  return { ...action, edit: workspaceEdit(context, home, edits) };
}

/** All safe fixes of one document that keep clear of each other; what is left over is found by the next run. */
function fixAll(context: Context, home: Home, uri: string): CodeAction[] {
  const path = home.pathOf(uri);
  const found = (home.session.latest?.findings ?? []).filter(candidate => candidate.path === path);
  const edits = path === undefined ? undefined : home.session.safeEdits(path, found);
  if (!edits || edits.size === 0) return [];
  const title = 'Fix all loops that have a safe fix';
  return [{ title, kind: fixAllKind, edit: workspaceEdit(context, home, edits) }];
}

function workspaceEdit(context: Context, home: Home, edits: FileEdits): WorkspaceEdit {
  const files = [...edits].map(([path, list]) => ({
    uri: home.uriOf(path),
    edits: toLspEdits(lineStartsOf(home.session.text(path) ?? ''), list),
  }));
  if (!context.client.workspace?.workspaceEdit?.documentChanges) {
    return { changes: Object.fromEntries(files.map(file => [file.uri, file.edits])) };
  }
  return {
    documentChanges: files.map(file => ({
      textDocument: { uri: file.uri, version: context.versionOf(file.uri) },
      edits: file.edits,
    })),
  };
}
