-- Neovim's built-in client against the language server, over stdio: findings arrive, a fix is applied, the finding goes.
-- Written for 0.7 (Debian 12), which has no pull diagnostics, so the server's push fallback is what is tested.
--
-- Usage: NODE=... SERVER=dist/server.js FILE=a.ts RULE=unbounded-cycle nvim --headless --clean -S client.lua
-- FILE is changed. Exit status 0 when every check passed.

local TIMEOUT = 30000

local function main()
  local file = vim.fn.resolve(vim.env.FILE)
  vim.cmd('edit ' .. vim.fn.fnameescape(file))
  local buf = vim.api.nvim_get_current_buf()
  local language = file:match('%.py$') and 'python' or 'typescript'
  local id = assert(vim.lsp.start_client({
    name = 'loopbound',
    cmd = { vim.env.NODE, vim.env.SERVER, '--stdio' },
    root_dir = vim.fn.fnamemodify(file, ':h'),
    get_language_id = function() return language end,
  }))
  assert(vim.lsp.buf_attach_client(buf, id))
  local client = vim.lsp.get_client_by_id(id)

  local function found()
    return vim.tbl_filter(function(d) return d.code == vim.env.RULE end, vim.diagnostic.get(buf))
  end
  local function wait(what, test)
    assert(vim.wait(TIMEOUT, test, 20), what .. '; there is: ' .. vim.inspect(vim.diagnostic.get(buf)))
  end

  wait('no ' .. vim.env.RULE .. ' arrives', function() return #found() > 0 end)
  local d = found()[1]
  print(('finding   %d:%d %s\n'):format(d.lnum + 1, d.col + 1, d.message))
  assert(d.source == 'loopbound', 'the source is ' .. tostring(d.source))

  local document = vim.lsp.util.make_text_document_params(buf)
  local lenses = assert(client.request_sync('textDocument/codeLens', { textDocument = document }, TIMEOUT, buf))
  assert(not lenses.err and #lenses.result > 0, 'no lens: ' .. vim.inspect(lenses))

  local range = { start = { line = d.lnum, character = d.col }, ['end'] = { line = d.end_lnum, character = d.end_col } }
  local diagnostic = vim.tbl_extend('force', d.user_data.lsp, {
    range = range, message = d.message, severity = d.severity, source = d.source,
  })
  local reply = assert(client.request_sync('textDocument/codeAction', {
    textDocument = document,
    range = range,
    context = { only = { 'quickfix' }, diagnostics = { diagnostic } },
  }, TIMEOUT, buf))
  assert(not reply.err, vim.inspect(reply.err))
  local action = assert(reply.result[1], 'no code action')
  if not action.edit then
    action = assert(client.request_sync('codeAction/resolve', action, TIMEOUT, buf)).result
  end
  print('applying  ' .. action.title .. '\n')
  vim.lsp.util.apply_workspace_edit(action.edit, client.offset_encoding)
  wait('the finding stays', function() return #found() == 0 end)
  vim.cmd('silent write')

  client.stop()
  wait('the server does not stop', function() return client.is_stopped() end)
end

local ok, err = xpcall(main, debug.traceback)
if not ok then
  io.stderr:write(tostring(err) .. '\n')
  vim.cmd('cquit 1')
end
vim.cmd('qall!')
