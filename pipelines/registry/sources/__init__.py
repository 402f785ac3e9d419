"""How each kind of registry is read: its snapshots in, `Facts` out; a module per kind."""
