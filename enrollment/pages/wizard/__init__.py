"""The wizard *Add Private Service Edge*: one page for each step, a draft on the server, and the key at the end."""
