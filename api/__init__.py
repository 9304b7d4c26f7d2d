"""The doors of 准绳: command line, HTTP and the officer's pages; `cases` records and `engine` decides."""
