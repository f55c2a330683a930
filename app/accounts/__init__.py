"""Who is calling, and what they may do: customer classes, staff, API keys, the audit log."""
