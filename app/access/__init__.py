"""Who may watch: how people of institutions prove where they belong, and what covers them."""
