"""The pages of enrolled edges, and what pages of keys show about machines."""
