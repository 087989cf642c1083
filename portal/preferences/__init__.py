"""The preferences of a user: stored with the account, copied into a cookie that pages read."""
