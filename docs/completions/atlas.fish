complete --keep-order --exclusive --command atlas --arguments "(ATLAS_COMPLETE=fish atlas -- (commandline --current-process --tokenize --cut-at-cursor) (commandline --current-token))"
