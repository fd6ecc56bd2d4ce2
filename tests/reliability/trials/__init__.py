"""The reliability harness: processes that are killed, files that are torn, disks that fill; judged by a plain dict."""
