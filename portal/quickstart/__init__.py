"""What `make run` does: from an empty machine to a portal one can sign in to, in one go."""
