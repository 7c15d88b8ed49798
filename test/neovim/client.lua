-- The language server in an editor that is not VS Code: Neovim's built-in client, over stdio.
-- Written for 0.7 (Debian 12), which has neither vim.lsp.start nor the apply option of code_action.
-- SERVER, FOLDER and FILE (in it) come by environment; the file is changed. Exit status 0: every check passed.

local function attach(name, filetype)
  local file = vim.fn.resolve(vim.env.FOLDER .. '/' .. name)
  vim.cmd('edit ' .. vim.fn.fnameescape(file))
  local buf = vim.api.nvim_get_current_buf()
  local client_id = assert(vim.lsp.start_client({
    name = 'loopbound',
    cmd = { vim.env.NODE, vim.env.SERVER, '--stdio' },
    root_dir = vim.env.FOLDER,
    workspace_folders = { { uri = vim.uri_from_fname(vim.env.FOLDER), name = 'folder' } },
    get_language_id = function() return filetype end,
  }))
  assert(vim.lsp.buf_attach_client(buf, client_id))
  return buf, vim.lsp.get_client_by_id(client_id), client_id
end

local function of_code(buf, code)
  return vim.tbl_filter(function(d) return d.code == code or (d.user_data and d.user_data.lsp.code == code) end, vim.diagnostic.get(buf))
end

local function wait_for(what, test)
  assert(vim.wait(30000, test, 20), 'waited in vain for ' .. what)
end

local function fix_first(buf, client, code)
  wait_for(code, function() return #of_code(buf, code) == 1 end)
  local d = of_code(buf, code)[1]
  print(('%d:%d %s [%s]\n'):format(d.lnum + 1, d.col + 1, d.message, d.source))
  local range = { start = { line = d.lnum, character = d.col }, ['end'] = { line = d.end_lnum, character = d.end_col } }
  local reply = assert(client.request_sync('textDocument/codeAction', {
    textDocument = vim.lsp.util.make_text_document_params(buf),
    range = range,
    context = { only = { 'quickfix' }, diagnostics = { d.user_data and d.user_data.lsp and { range = range, message = d.message, code = code } } },
  }, 30000, buf))
  assert(not reply.err, vim.inspect(reply.err))
  local action = assert(reply.result[1], 'no code action')
  if not action.edit then action = assert(client.request_sync('codeAction/resolve', action, 30000, buf)).result end
  print('applying: ' .. action.title .. '\n')
  vim.lsp.util.apply_workspace_edit(assert(action.edit, 'the action has no edit'), client.offset_encoding)
  wait_for(code .. ' to go', function() return #of_code(buf, code) == 0 end)
end

local function main()
  local buf, client, client_id = attach(vim.env.FILE, vim.env.FILE:match('%.py$') and 'python' or 'typescript')
  fix_first(buf, client, 'unbounded-loop')

  local lenses = assert(client.request_sync('textDocument/codeLens', { textDocument = vim.lsp.util.make_text_document_params(buf) }, 30000, buf)).result
  assert(#lenses > 0 and lenses[1].command.title:match('at most 10 model calls'), vim.inspect(lenses))
  print(lenses[1].command.title .. '\n')
  vim.cmd('silent write')

  -- Unsaved text wins over the file, and undo brings the finding back.
  vim.cmd('silent undo')
  wait_for('the finding after undo', function() return #of_code(buf, 'unbounded-loop') == 1 end)
  client.stop()
  wait_for('the server to stop', function() return vim.lsp.client_is_stopped(client_id) end)
end

local ok, err = xpcall(main, debug.traceback)
if not ok then
  io.stderr:write(tostring(err) .. '\n')
  vim.cmd('cquit 1')
end
vim.cmd('qall!')
