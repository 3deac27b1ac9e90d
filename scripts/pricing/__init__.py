"""Keep a list of prices fresh: ask ECS what it charges, and write that down with the day."""
