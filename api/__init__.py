"""The doors of 准绳: command line, HTTP, the officer's pages. They speak with people; `cases` records, `engine` decides."""
