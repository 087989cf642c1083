"""The pages of what administrators configure: parse, check permission, call one operation, answer."""
