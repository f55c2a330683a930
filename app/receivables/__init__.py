"""Money owed and received: checks, transfers, reminders, statements, and aging."""
