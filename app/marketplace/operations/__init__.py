"""The requester's operations, one function each; `table` lists them by MTurk's names."""
